/** Lets in so many a second, with bursts of as many; who is refused is told when to come back. */
export class Admission {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #random: () => number;
  #tokens: number;
  #at: number;
  /** Refused since the bucket was last full: they all come back. */
  #refused = 0;

  /** `now` in ms; `random` in [0, 1) spreads those who come back. */
  constructor(perSecond: number, now: () => number, random: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#random = random;
    this.#tokens = perSecond;
    this.#at = now();
  }

  /** 0: come in; else milliseconds after which to try again. */
  admit(): number {
    const now = this.#now();
    const refill = ((now - this.#at) / 1000) * this.#perSecond;
    this.#at = now;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + Math.max(0, refill));
    if (this.#tokens >= this.#perSecond) this.#refused = 0;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    this.#refused += 1;
    const queueMs = (this.#refused / this.#perSecond) * 1000;
    return Math.ceil(1000 + this.#random() * Math.max(1000, queueMs));
  }
}
