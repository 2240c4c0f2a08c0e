import type { Lease } from '@shoal/common';
import type { History, Terms } from './history.js';
import { beginning } from './host.js';

/** The simulated controllers of two clusters, of which the node belongs to one or to none. */
export class SimController {
  isUp = true;
  /** It has leases for who is linked. */
  grants = true;
  /** Milliseconds by which its clock is ahead of the truth. */
  ahead = 0;
  terms: Terms;
  cluster: string | null = 'a';
  readonly #serials = new Map<string, number>();
  /** Above which the node's serials are to be. */
  #last = 0;

  constructor({ terms }: History) {
    this.terms = terms;
  }

  /** Contact with it brings a lease. */
  get serves(): boolean {
    return this.isUp && this.grants && this.cluster !== null;
  }

  /** A link begins, and the node says which serial of this cluster it has. */
  hello(serial: number): void {
    this.#last = serial;
  }

  /** Its store comes from a backup. */
  restore(): void {
    this.#last = 0;
    this.#serials.clear();
  }

  lease(now: number): Lease {
    const clusterId = this.cluster ?? '';
    const next = (this.#serials.get(clusterId) ?? 0) + 1;
    this.#serials.set(clusterId, next);
    this.#last = Math.max(next, this.#last + 1);
    const issuedAt = Math.floor(beginning + now + this.ahead);
    return {
      format: 2,
      clusterId,
      node: 'n',
      serial: this.#last,
      tier: 'premium',
      limits: {},
      features: [],
      licenseId: 'l',
      licenseExpiresAt: null,
      issuedAt,
      expiresAt: issuedAt + this.terms.termMs,
      graceMs: this.terms.graceMs,
    };
  }
}
