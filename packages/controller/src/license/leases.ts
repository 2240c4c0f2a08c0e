import { type Lease, longestLeaseMs, type SignedDocument, signDocument, type Tier } from '@shoal/common';
import type { LicenseStanding } from './standing.js';
import { isLicensed } from './standing.js';

const hourMs = 3_600_000;
/** Term of a lease without a license, ms: 7 days. */
const defaultTermMs = 168 * hourMs;

/** What leases are granted by. */
export interface LeasesComponents {
  readonly clusterId: string;
  readonly privateKeyPem: string;
  /** What the license allows now. */
  readonly standing: () => LicenseStanding;
  /** Longest term, ms, whatever the license says. Default: none. */
  readonly ttlMs: number | undefined;
  /** The next serial, above all before. */
  readonly serial: () => number;
  /** Trusted time, ms since the epoch. */
  readonly now: () => number;
}

/** Term of a lease that is granted now, ms: the license's, at most `ttlMs`. */
export function leaseTermMs(standing: LicenseStanding, ttlMs: number | undefined): number {
  const { license } = standing;
  const own = isLicensed(standing) && license !== null ? license.leaseMs : defaultTermMs;
  return Math.min(own, ttlMs ?? longestLeaseMs, longestLeaseMs);
}

/** Grants nodes their leases of the cluster's license; of the free tier when there is none that counts. */
export class Leases {
  readonly #parts: LeasesComponents;
  /** Last serials of the nodes that are ahead of those that are given now. */
  readonly #ahead = new Map<string, number>();
  #granted = 0;

  constructor(parts: LeasesComponents) {
    this.#parts = parts;
  }

  /** Tier that the cluster has now. */
  get tier(): Tier {
    return this.#parts.standing().tier;
  }

  /** Leases granted since the start. */
  get granted(): number {
    return this.#granted;
  }

  /** Term of a lease that is granted now, ms. */
  get termMs(): number {
    return leaseTermMs(this.#parts.standing(), this.#parts.ttlMs);
  }

  /** How long after its grant a lease is to be renewed, ms: an hour, or a third of a term that is shorter than three. */
  get renewAfterMs(): number {
    return Math.min(hourMs, this.termMs / 3);
  }

  /** The node says which serial its last lease has (0: none): it may come of a controller whose later store was lost. */
  lastSerial(node: string, serial: number): void {
    if (Number.isSafeInteger(serial)) this.#ahead.set(node, serial);
  }

  /** A fresh lease for a node, signed. @throws ShoalError `unavailable` when no serial can be had */
  grant(node: string): SignedDocument {
    const { clusterId, privateKeyPem, now } = this.#parts;
    const standing = this.#parts.standing();
    const { tier, limits } = standing;
    const license = isLicensed(standing) ? standing.license : null;
    const issuedAt = now();
    const { termMs } = this;
    const lease: Lease = {
      format: 2,
      clusterId,
      node,
      serial: this.#serial(node),
      tier,
      limits: limits.service,
      features: limits.features,
      licenseId: license?.id ?? null,
      licenseExpiresAt: standing.coveredUntil,
      issuedAt,
      expiresAt: issuedAt + termMs,
      // A week's lease is kept for a day more.
      graceMs: Math.round(termMs / 7),
    };
    this.#granted += 1;
    return signDocument(lease, privateKeyPem);
  }

  /** Above all before, and above the last that the node says it has: that alone, so that one which lies keeps nobody else from leases. */
  #serial(node: string): number {
    const next = this.#parts.serial();
    const last = this.#ahead.get(node) ?? 0;
    if (next > last || !Number.isSafeInteger(last + 1)) {
      this.#ahead.delete(node);
      return next;
    }
    this.#ahead.set(node, last + 1);
    return last + 1;
  }
}
