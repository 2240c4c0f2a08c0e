/**
 * Local health (Lifeguard): 0 is healthy, and each sign that this node itself is slow (probes that fail without
 * a nack, having to refute) adds to it. A node in doubt about itself probes more slowly and accuses later.
 */
export class Awareness {
  readonly #max: number;
  #score = 0;

  /** @param max the score stays below this. */
  constructor(max: number) {
    this.#max = max;
  }

  get score(): number {
    return this.#score;
  }

  /** Adds to the score and keeps it within its bounds. */
  apply(delta: number): void {
    this.#score = Math.min(this.#max - 1, Math.max(0, this.#score + delta));
  }

  /** Stretches a time by the score: once at 0, twice at 1, and so on. */
  scale(ms: number): number {
    return ms * (this.#score + 1);
  }
}
