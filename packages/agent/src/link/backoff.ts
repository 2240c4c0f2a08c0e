/** Bounds of the waits between tries, milliseconds. */
export interface BackoffLimits {
  /** Wait after the first failure, before it is spread. Default 1000. */
  readonly first?: number;
  /** No wait is longer. Default 30000. */
  readonly longest?: number;
}

/**
 * Waits between tries: doubling, spread at random over half to one and a half of their length so that agents which lost the same controller
 * don't come back together, capped.
 */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(limits: BackoffLimits = {}, random: () => number = Math.random) {
    this.#first = limits.first ?? 1000;
    this.#longest = limits.longest ?? 30_000;
    this.#random = random;
  }

  /** The wait before the next try, milliseconds. `atLeast`: what the other side asked for. `atMost`: no longer than that, this time. */
  next(atLeast = 0, atMost: number = this.#longest): number {
    const longest = Math.min(this.#longest, atMost);
    const wait = this.#first * 2 ** Math.min(this.#failures, 20);
    this.#failures += 1;
    const spread = Math.min(wait, longest) * (0.5 + this.#random());
    // Those whom the same controller told to wait come back spread as well.
    return Math.max(Math.min(spread, longest), atLeast * (1 + this.#random() / 2));
  }

  /** It worked: the next failure begins anew. */
  reset(): void {
    this.#failures = 0;
  }
}
