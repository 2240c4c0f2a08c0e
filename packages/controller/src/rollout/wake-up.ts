/** A turn that looked for less than this many milliseconds may be followed by the next one at once. */
const shortLookMs = 5;
/** Rest after a longer look, as a multiple of what it took: reports of many nodes are then looked at together. */
const restFactor = 4;
const longestRestMs = 1000;
/** What `setTimeout` takes. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Brings about turns of work: at once, or after a time. Whatever asks for one while another is under way or rests is served by one
 * turn together, so that a thousand nodes that report at the same time don't cost a thousand turns.
 */
export class WakeUp {
  readonly #turn: () => Promise<number>;
  readonly #monotonic: () => number;
  #isRunning = false;
  /** Something asked for a turn since the present one began. */
  #isDue = false;
  #stopped = false;
  /** Time before which no other turn begins. */
  #restUntil = 0;
  #later: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;

  /**
   * `turn` resolves with the milliseconds that it took to look at what there is, without what it then did about it: a next one would take them again. It must not
   * reject. `monotonic`: milliseconds from any point on; default the process's own.
   */
  constructor(turn: () => Promise<number>, monotonic: () => number = () => performance.now()) {
    this.#turn = turn;
    this.#monotonic = monotonic;
  }

  /** A turn is due: as soon as the present one has ended and has rested. */
  now(): void {
    if (this.#isDue || this.#stopped) return;
    this.#isDue = true;
    if (!this.#isRunning) this.#begin();
  }

  /** A turn is due after that time, unless one comes before: then that says when the next is. */
  in(ms: number): void {
    clearTimeout(this.#later);
    if (!this.#stopped) this.#later = setTimeout(() => this.now(), Math.min(ms, longestTimerMs));
  }

  #begin(): void {
    const restMs = this.#restUntil - this.#monotonic();
    if (restMs > 0) this.#rest = setTimeout(() => void this.#run(), restMs);
    // Not before the present code has ended: what it changes besides is part of the same turn.
    else queueMicrotask(() => void this.#run());
    this.#isRunning = true;
  }

  async #run(): Promise<void> {
    if (this.#stopped) return;
    clearTimeout(this.#later);
    this.#isDue = false;
    const lookedMs = await this.#turn();
    if (lookedMs > shortLookMs) {
      this.#restUntil = this.#monotonic() + Math.min(longestRestMs, lookedMs * restFactor);
    }
    this.#isRunning = false;
    if (this.#isDue && !this.#stopped) this.#begin();
  }

  /** No turn begins any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#later);
    clearTimeout(this.#rest);
  }
}
