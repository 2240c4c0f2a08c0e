import {
  freeLimits,
  freeTier,
  type Lease,
  type SignedDocument,
  signDocument,
  type Tier,
} from '@shoal/common';

/** Grants nodes their leases of the cluster's license. Only the free tier so far. */
export class Leases {
  readonly #clusterId: string;
  readonly #privateKeyPem: string;
  /** Term of a lease, ms. */
  readonly ttlMs: number;
  readonly #now: () => number;
  #serial = 0;

  constructor(options: { clusterId: string; privateKeyPem: string; ttlMs: number; now: () => number }) {
    this.#clusterId = options.clusterId;
    this.#privateKeyPem = options.privateKeyPem;
    this.ttlMs = options.ttlMs;
    this.#now = options.now;
  }

  /** Tier of the cluster's license. */
  get tier(): Tier {
    return freeTier;
  }

  /** How long after its grant a lease is to be renewed, ms. */
  get renewAfterMs(): number {
    return this.ttlMs / 3;
  }

  /** A fresh lease for a node, signed. */
  grant(node: string): SignedDocument {
    const issuedAt = this.#now();
    // Rises over restarts as well, as long as the clock isn't set back.
    this.#serial = Math.max(this.#serial + 1, issuedAt);
    const lease: Lease = {
      format: 2,
      clusterId: this.#clusterId,
      node,
      serial: this.#serial,
      tier: this.tier,
      limits: freeLimits.service,
      features: freeLimits.features,
      licenseId: null,
      licenseExpiresAt: null,
      issuedAt,
      expiresAt: issuedAt + this.ttlMs,
      graceMs: 0,
    };
    return signDocument(lease, this.#privateKeyPem);
  }
}
