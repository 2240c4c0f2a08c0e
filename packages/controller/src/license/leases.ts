import { type Lease, type SignedDocument, signDocument } from '@shoal/common';

/** Grants nodes their leases of the cluster's license. Only the free tier so far. */
export class Leases {
  readonly #clusterId: string;
  readonly #privateKeyPem: string;
  readonly #ttlMs: number;
  readonly #now: () => number;

  constructor(options: { clusterId: string; privateKeyPem: string; ttlMs: number; now: () => number }) {
    this.#clusterId = options.clusterId;
    this.#privateKeyPem = options.privateKeyPem;
    this.#ttlMs = options.ttlMs;
    this.#now = options.now;
  }

  /** Tier of the cluster's license. */
  get tier(): Lease['tier'] {
    return 'free';
  }

  /** How long after its grant a lease is to be renewed, ms. */
  get renewAfterMs(): number {
    return this.#ttlMs / 3;
  }

  /** A fresh lease for a node, signed. */
  grant(node: string): SignedDocument {
    const issuedAt = this.#now();
    const lease: Lease = {
      format: 1,
      clusterId: this.#clusterId,
      node,
      tier: this.tier,
      limits: {},
      issuedAt,
      expiresAt: issuedAt + this.#ttlMs,
    };
    return signDocument(lease, this.#privateKeyPem);
  }
}
