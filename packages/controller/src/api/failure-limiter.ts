/** Keys that are remembered; the one that failed longest ago is forgotten first. */
const mostKeys = 10_000;

/** Counts failures by key in a sliding window, to slow down those who guess. */
export class FailureLimiter {
  readonly #most: number;
  readonly #windowMs: number;
  readonly #failures = new Map<string, number[]>();

  /** At most `most` failures within `windowMs`. */
  constructor(most: number, windowMs: number) {
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** Milliseconds until the key may try again; 0: now. */
  waitMs(key: string, now: number): number {
    const recent = this.#recent(key, now);
    const first = recent.at(-this.#most);
    return first === undefined ? 0 : first + this.#windowMs - now;
  }

  fail(key: string, now: number): void {
    const recent = this.#recent(key, now);
    this.#failures.delete(key);
    this.#failures.set(key, [...recent, now].slice(-this.#most));
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > mostKeys && oldest !== undefined) this.#failures.delete(oldest);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  #recent(key: string, now: number): readonly number[] {
    return (this.#failures.get(key) ?? []).filter((at) => at > now - this.#windowMs);
  }
}
