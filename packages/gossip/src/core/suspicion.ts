import { suspicionDuration } from './formulas.js';

/** What a suspicion needs to know when it starts. Times are ms. */
export interface SuspicionStart {
  startedAt: number;
  /** The first accuser, who does not count as a confirmation. */
  from: string;
  /** Independent confirmations that shorten it to `minMs`; 0 starts there at once. */
  expected: number;
  minMs: number;
  maxMs: number;
}

/**
 * One running suspicion (Lifeguard): starts long, and each further accuser shortens it. Which timer belongs to it
 * is told by `token`; a timer with an older token is stale.
 */
export class Suspicion {
  readonly #start: SuspicionStart;
  readonly #accusers: Set<string>;
  token: number;

  constructor(start: SuspicionStart, token: number) {
    this.#start = start;
    this.#accusers = new Set([start.from]);
    this.token = token;
  }

  get confirmations(): number {
    return this.#accusers.size - 1;
  }

  /** When it ends, on the host's clock. */
  get endsAt(): number {
    const { expected, minMs, maxMs, startedAt } = this.#start;
    return startedAt + suspicionDuration(this.confirmations, expected, minMs, maxMs);
  }

  /** Counts an accuser; false if that one is known already or no further one is needed. */
  confirm(from: string): boolean {
    if (this.confirmations >= this.#start.expected || this.#accusers.has(from)) return false;
    this.#accusers.add(from);
    return true;
  }
}
