import { suspicionDuration } from '../formulas.js';
import type { SuspicionTerms } from './suspicion-terms.js';

/**
 * One running suspicion (Lifeguard): starts long, and each further accuser shortens it. A failed probe of one's own
 * shortens it further. Times are ms on the host's clock.
 */
export class Suspicion {
  readonly terms: SuspicionTerms;
  readonly #accusers: Set<string>;
  #startedAt: number;
  #failedProbes = 0;
  #refusedAt: number | undefined;
  /** Which timer is the one that ends it; a timer with an older token is stale. */
  token = 0;
  /** When that timer is due. */
  dueAt: number = Number.POSITIVE_INFINITY;
  /** Token of the timer that pings the suspect again and again; 0 while there is none. */
  chase = 0;
  /** Pings that this timer has sent. */
  chased = 0;
  /** How often the suspect was heard in spite of it all. */
  postponed = 0;

  /** @param from the first accuser, who does not count as a confirmation. */
  constructor(terms: SuspicionTerms, from: string, now: number) {
    this.terms = terms;
    this.#accusers = new Set([from]);
    this.#startedAt = now;
  }

  get confirmations(): number {
    return this.#accusers.size - 1;
  }

  /** Probes of this node's own that failed since the suspect was last heard. */
  get failedProbes(): number {
    return this.#failedProbes;
  }

  /** Says whether own evidence and that of others together are all that can be had. */
  get confirmed(): boolean {
    return this.#failedProbes > 0 && this.confirmations >= this.terms.needed;
  }

  /** When it ends because the suspect's host refuses connections; Infinity if it doesn't. */
  get refusalEndsAt(): number {
    return this.#refusedAt === undefined ? Number.POSITIVE_INFINITY : this.#refusedAt + this.terms.refusedMs;
  }

  /** When it ends for all other reasons. */
  get silenceEndsAt(): number {
    const { expected, minMs, maxMs, confirmedMs } = this.terms;
    const counted = Math.min(this.confirmations, expected);
    const unwitnessed = suspicionDuration(counted, expected, minMs, maxMs);
    return this.#startedAt + (this.confirmed ? Math.min(confirmedMs, unwitnessed) : unwitnessed);
  }

  get endsAt(): number {
    return Math.min(this.silenceEndsAt, this.refusalEndsAt);
  }

  /** Counts an accuser; false if that one is known already or no further one is needed. */
  confirm(from: string): boolean {
    const { expected, needed } = this.terms;
    const enough = Number.isFinite(needed) ? Math.max(expected, needed) : expected;
    if (this.confirmations >= enough || this.#accusers.has(from)) return false;
    this.#accusers.add(from);
    return true;
  }

  /** A probe of this node's own failed. `refused`: the host was there, but neither it nor others reached the node. */
  probeFailed(now: number, refused: boolean): void {
    this.#failedProbes++;
    if (!refused) this.#refusedAt = undefined;
    else this.#refusedAt ??= now;
  }

  /** The host that refused connections did not do so again. */
  refusalEnded(): void {
    this.#refusedAt = undefined;
  }

  /** The suspect was heard, or this process missed too much: all evidence is void, and the time begins anew. */
  restart(now: number, from: string): void {
    this.#accusers.clear();
    this.#accusers.add(from);
    this.#startedAt = now;
    this.#failedProbes = 0;
    this.#refusedAt = undefined;
  }
}
