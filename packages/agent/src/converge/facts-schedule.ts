import { performance } from 'node:perf_hooks';

/** When templates are looked at anew because members or the lease changed: not before `start`. */
export class FactsSchedule {
  readonly #look: () => void;
  readonly #delayMs: number;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #again: NodeJS.Timeout | undefined;
  #lookedAt: number = Number.NEGATIVE_INFINITY;
  #isStarted = false;
  #stopped = false;

  /** `delayMs`: how long changes are gathered after the first one, milliseconds; looks are at least twice that apart. */
  constructor(delayMs: number, look: () => void) {
    this.#delayMs = delayMs;
    this.#look = look;
  }

  /** It is known what is in force. One look follows in any case: what an earlier process rendered may be of other members and another lease. */
  start(): void {
    this.#isStarted = true;
    this.changed();
  }

  /** Something changed: one look follows soon, for this and all that changes until then. */
  changed(): void {
    const sinceLast = performance.now() - this.#lookedAt;
    this.lookIn(Math.max(this.#delayMs, 2 * this.#delayMs - sinceLast));
  }

  /** One look in that many milliseconds, unless one is coming before that anyway. */
  lookIn(ms: number): void {
    const dueAt = performance.now() + ms;
    if (dueAt >= this.#dueAt || !this.#isStarted || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#dueAt = Number.POSITIVE_INFINITY;
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
