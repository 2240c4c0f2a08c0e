/** Spools that are remembered of one node. An agent makes a new one only when it loses its data directory. */
const mostSpools = 32;

/** What of one spool is held: everything up to `upto`; `at`: when that was last raised, ms since the epoch. */
export interface HeldSpool {
  readonly upto: number;
  readonly at: number;
}

/** The highest sequence number that is held of each spool of a node: what makes a batch that comes twice be stored once. */
export class Held {
  readonly #spools = new Map<string, HeldSpool>();

  constructor(spools: Readonly<Record<string, HeldSpool>> = {}) {
    for (const [spool, held] of Object.entries(spools)) this.#spools.set(spool, held);
  }

  /** 0: nothing. */
  upto(spool: string): number {
    return this.#spools.get(spool)?.upto ?? 0;
  }

  /** Never lowers. The spool that was quiet for longest is forgotten when there are too many. */
  raise(spool: string, upto: number, at: number): void {
    if (upto > this.upto(spool)) this.#spools.set(spool, { upto, at });
    if (this.#spools.size <= mostSpools) return;
    const [oldest] = [...this.#spools].sort(([, a], [, b]) => a.at - b.at);
    if (oldest !== undefined) this.#spools.delete(oldest[0]);
  }

  toJSON(): Readonly<Record<string, HeldSpool>> {
    return Object.fromEntries(this.#spools);
  }
}
