/** A turn that took less than this many milliseconds may follow the one before at once. */
const shortTurnMs = 5;
/** Rest after a longer turn, as a multiple of what it took: reports of many nodes are then looked at together. */
const restFactor = 4;
const longestRestMs = 1000;
/** What `setTimeout` takes. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Brings about turns of work: at once, or after a time. Whatever asks for one while another is under way or rests is served by one
 * turn together, so that a thousand nodes that report at the same time don't cost a thousand turns.
 */
export class WakeUp {
  readonly #turn: () => Promise<void>;
  readonly #monotonic: () => number;
  #isRunning = false;
  /** Something asked for a turn since the present one began. */
  #isDue = false;
  #stopped = false;
  /** Time before which no other turn begins. */
  #restUntil = 0;
  #later: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;

  /** `turn` must not reject. `monotonic`: milliseconds from any point on; default the process's own. */
  constructor(turn: () => Promise<void>, monotonic: () => number = () => performance.now()) {
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
    const begunAt = this.#monotonic();
    await this.#turn();
    const endedAt = this.#monotonic();
    const tookMs = endedAt - begunAt;
    if (tookMs > shortTurnMs) this.#restUntil = endedAt + Math.min(longestRestMs, tookMs * restFactor);
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
