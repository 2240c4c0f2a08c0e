import type { Tier } from './tiers.js';

/** What a license, or the free tier, allows. */
export interface LicenseLimits {
  /** How many sites may have nodes; null: any number. */
  readonly sites: number | null;
  /** How many nodes may be enrolled; null: any number. */
  readonly nodes: number | null;
  /** Features that blueprints name (`feature: NAME`); `*` stands for all. */
  readonly features: readonly string[];
  /** Limits that templates render, per node and service, by name: `requestsPerSecond`. What has no entry isn't limited. */
  readonly service: Readonly<Record<string, number>>;
}

/** A license whose signature holds: what the vendor said. Times are milliseconds since the epoch. */
export interface License {
  readonly id: string;
  readonly vendor: string;
  readonly customer: string;
  /** RFC 7638 thumbprint of the key that signed it. */
  readonly keyId: string;
  /** The id of the cluster that it is for, or `any`. */
  readonly cluster: string;
  readonly tier: Tier;
  readonly limits: LicenseLimits;
  readonly issuedAt: number;
  readonly notBefore: number;
  readonly expiresAt: number;
  /** How long after `expiresAt` it still counts, with warnings, milliseconds. */
  readonly graceMs: number;
  /** How long the leases are valid that are granted by it, milliseconds. */
  readonly leaseMs: number;
  /** Days before the end at which to warn, falling. */
  readonly warnDays: readonly number[];
}

/**
 * How a license stands at a time: `active`; `expiring`: within the first of its `warnDays`; `grace`: past its end, counts in full for
 * `graceMs` more; `expired`: past that too; `not-yet-valid`.
 */
export type LicenseState = 'active' | 'expiring' | 'grace' | 'expired' | 'not-yet-valid';

/** How a license stands, and when that ends. */
export interface LicenseStatus {
  readonly state: LicenseState;
  readonly expiresAt: number;
  /** From when on it doesn't count any more: `expiresAt` and its grace. */
  readonly graceEndsAt: number;
  /** Whole days until `expiresAt`, rounded down; below 0: past it. */
  readonly daysLeft: number;
}

/** Why a text is refused as a license. */
export type LicenseRefusal =
  /** No license at all: empty, a key, something else, too large. */
  | 'not-a-license'
  | 'truncated'
  /** Another algorithm than EdDSA, or a header that asks for something else than that. */
  | 'algorithm'
  | 'key-unknown'
  | 'key-revoked'
  | 'signature'
  /** Signed by a trusted key, but its content isn't what a license of this format holds. */
  | 'content'
  | 'other-cluster'
  | 'not-yet-valid'
  | 'expired'
  /** This host's time is before the time at which the license was made. */
  | 'clock-doubtful';

/** What a license is held against. */
export interface LicenseContext {
  /** This cluster's id. */
  readonly clusterId: string;
  /** Trusted time, milliseconds since the epoch (`TrustedClock.now`). */
  readonly now: number;
  /** `now` is a moment that somebody asked about, not the present: no clock is wrong then. Default: false. */
  readonly asked?: boolean;
  /** Id of the license that was taken here before: when that is over it simply ran out, and no clock is wrong. Default: none was. */
  readonly takenId?: string;
}
