import type { LeaseState } from '../../lease/lease.js';
import type { LicenseRefusal, LicenseState } from '../../license/license.js';
import type { Tier } from '../../license/tiers.js';

/** A limit and how much of it is used; null: no limit. */
export interface LimitUseView {
  readonly limit: number | null;
  readonly used: number;
}

/** A license that doesn't count, and why. */
export interface LicenseProblemView {
  /** Where it came from: `installed`, or the file's path. */
  readonly source: string;
  /** Null: its signature doesn't hold, so nothing in it is believed. */
  readonly licenseId: string | null;
  /** `superseded`: it is valid, and another one is newer. */
  readonly reason: LicenseRefusal | 'unreadable' | 'superseded';
  readonly message: string;
  /** What to do; may be empty. */
  readonly hint: string;
}

/** The cluster's license: what it allows, what is used of that, and until when. Without one: the free tier. */
export interface LicenseView {
  /** The tier in force: `free` when there is no license that counts. */
  readonly tier: Tier;
  /** The license in force, or the last one that was, expired; null: none. */
  readonly licenseId: string | null;
  readonly vendor: string | null;
  readonly customer: string | null;
  /** `none`: there is no license. */
  readonly status: LicenseState | 'none';
  readonly expiresAt: number | null;
  readonly graceEndsAt: number | null;
  readonly limits: {
    readonly sites: LimitUseView;
    readonly nodes: LimitUseView;
    readonly features: readonly string[];
    /** Rendered into services, per node and service. */
    readonly service: Readonly<Record<string, number>>;
  };
  /** How long a lease is valid that is granted now, milliseconds. */
  readonly leaseMs: number;
  readonly problems: readonly LicenseProblemView[];
  /** For people: what ends soon, what is over, what is wrong with the clock. */
  readonly warnings: readonly string[];
}

/** A node's lease as its agent last told it. */
export interface NodeLeaseView {
  readonly tier: Tier;
  readonly state: LeaseState;
  /** Null: it has none. */
  readonly expiresAt: number | null;
}
