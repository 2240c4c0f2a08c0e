/** How long a ping made in vain for another node is remembered, ms: until the suspicion that it led to has come round. */
const KEPT_MS = 2000;

/** Most nodes remembered. */
const MAX_KEPT = 1024;

/** Which nodes this one has lately pinged for others without an answer: its own evidence, once they are suspected. */
export class RelayFailures {
  readonly #now: () => number;
  /** When, by node; the oldest first. */
  readonly #failedAt = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  add(name: string): void {
    this.#failedAt.delete(name);
    this.#failedAt.set(name, this.#now());
    for (const [oldest, at] of this.#failedAt) {
      if (this.#failedAt.size <= MAX_KEPT && this.#now() - at <= KEPT_MS) break;
      this.#failedAt.delete(oldest);
    }
  }

  /** The node was heard after all. */
  forget(name: string): void {
    this.#failedAt.delete(name);
  }

  has(name: string): boolean {
    const at = this.#failedAt.get(name);
    return at !== undefined && this.#now() - at <= KEPT_MS;
  }
}
