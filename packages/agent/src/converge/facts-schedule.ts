import { performance } from 'node:perf_hooks';

/** When templates are looked at anew because members or the lease changed. */
export class FactsSchedule {
  readonly #look: () => void;
  readonly #delayMs: number;
  #timer: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #lookedAt: number = Number.NEGATIVE_INFINITY;
  #stopped = false;

  /** `delayMs`: how long changes are gathered after the first one, milliseconds; looks are at least twice that apart. */
  constructor(delayMs: number, look: () => void) {
    this.#delayMs = delayMs;
    this.#look = look;
  }

  /** Something changed: one look follows soon, for this and all that changes until then. */
  changed(): void {
    const sinceLast = performance.now() - this.#lookedAt;
    this.lookIn(Math.max(this.#delayMs, 2 * this.#delayMs - sinceLast));
  }

  /** One look in that many milliseconds, unless one is coming anyway. */
  lookIn(ms: number): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#lookedAt = performance.now();
      this.#look();
    }, ms);
  }

  /** One look in that many milliseconds, instead of the one that this said before; infinity: none. It keeps no process alive. */
  lookAgainIn(ms: number): void {
    clearTimeout(this.#again);
    if (!Number.isFinite(ms) || this.#stopped) return;
    this.#again = setTimeout(this.#look, ms);
    this.#again.unref();
  }

  /** No look comes any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
  }
}
