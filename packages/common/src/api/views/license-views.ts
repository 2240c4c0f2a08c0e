import type { LeaseState } from '../../lease/lease.js';
import type { LicenseLimits, LicenseRefusal, LicenseState } from '../../license/license.js';
import type { Tier } from '../../license/tiers.js';

/** A limit and how much of it is used; null: no limit. */
export interface LimitUseView {
  readonly limit: number | null;
  readonly used: number;
}

/** What a license says of itself, in short. Times are milliseconds since the epoch. */
export interface LicenseSummaryView {
  readonly licenseId: string;
  readonly customer: string;
  readonly vendor: string;
  readonly tier: Tier;
  readonly notBefore: number;
  readonly expiresAt: number;
  /** From when on it doesn't count any more; `expiresAt` when it has no grace. */
  readonly graceEndsAt: number;
}

/** A license that doesn't count, and why. */
export interface LicenseProblemView {
  /** Where it came from: `installed`, or the file's path. */
  readonly source: string;
  /** Its own word once its signature holds, else as `known` has it; null: nothing is known of it. */
  readonly licenseId: string | null;
  /**
   * What it was when it was installed, or what counted last from this file; kept by the controller for people to recognize it, and never believed when it is
   * refused. Null: it never was any of that.
   */
  readonly known: LicenseSummaryView | null;
  /** `superseded`: it is valid, but never counts beside the others; the message names the one that does. */
  readonly reason: LicenseRefusal | 'unreadable' | 'superseded';
  readonly message: string;
  /** What to do; may be empty. */
  readonly hint: string;
}

/** A license that counts later, by itself. */
export interface NextLicenseView extends LicenseSummaryView {
  /** Where it came from: `installed`, or the file's path. */
  readonly source: string;
  readonly limits: LicenseLimits;
  readonly countsFrom: number;
  /** For people, after its name: `counts from 2027-01-01 00:00 UTC on, when lic-x ends`. */
  readonly message: string;
}

/** Something that an operator should do something about; `critical`: something is not in force that should be. */
export interface LicenseWarningView {
  readonly severity: 'warning' | 'critical';
  /** A sentence, without its full stop. */
  readonly message: string;
}

/** The cluster's license: what it allows, what is used of that, and until when. Without one: the free tier. */
export interface LicenseView {
  /** The tier in force: `free` when there is no license that counts. */
  readonly tier: Tier;
  /** The license in force, or the last one that was, expired; null: none, or refused (`problems` name it). */
  readonly licenseId: string | null;
  readonly vendor: string | null;
  readonly customer: string | null;
  /** `none`: there is no license that could count. `refused`: there is, and none of them counts. */
  readonly status: LicenseState | 'none' | 'refused';
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
  /** Those that count later, in that order; a license is in force, here, or among the problems. */
  readonly next: readonly NextLicenseView[];
  /** Between the end of a license's grace and the begin of the next one the free tier counts; null: there is no such time. */
  readonly gap: { readonly from: number; readonly until: number } | null;
  /** The end of the last license that counts without a gap from now on; null: none counts now. */
  readonly coveredUntil: number | null;
  readonly problems: readonly LicenseProblemView[];
  /** What ends soon, what is over, what is refused, what is wrong with the clock; the most urgent first. */
  readonly warnings: readonly LicenseWarningView[];
}

/** What becomes of a license that is installed, or would be. */
export interface LicenseOutcome {
  readonly licenseId: string;
  /** `never`: as long as the other ones are there. */
  readonly counts: 'now' | 'later' | 'never';
  /** Null: never. */
  readonly from: number | null;
  /** For people, a sentence without its full stop: `The license lic-y (premium) counts from 2027-01-01 00:00 UTC on, when lic-x ends`. */
  readonly message: string;
}

/** The license with another one installed. */
export interface InstalledLicenseView extends LicenseView {
  readonly outcome: LicenseOutcome;
}

/** What happened to a license. `took-over`: it counts from now on, by itself; `ended`: its grace began, or the free tier counts. */
export interface LicenseChange {
  readonly change: 'installed' | 'removed' | 'took-over' | 'refused' | 'ended';
  /** Null: nothing is known of what was refused. */
  readonly licenseId: string | null;
}

/** A node's lease as its agent last told it. */
export interface NodeLeaseView {
  readonly tier: Tier;
  readonly state: LeaseState;
  /** Null: it has none. */
  readonly expiresAt: number | null;
}
