import type { Tier } from '../license/tiers.js';

/** The signed, time-limited grant that an agent holds of the cluster's license. Times are milliseconds since the epoch. */
export interface Lease {
  readonly format: 2;
  readonly clusterId: string;
  readonly node: string;
  /** Rises with each lease that the cluster grants, over restarts of the controller too: an agent refuses one that isn't above its last. */
  readonly serial: number;
  readonly tier: Tier;
  /** Limits that templates render, per node and service, by name: `requestsPerSecond`. What has no entry isn't limited. */
  readonly limits: Readonly<Record<string, number>>;
  /** Licensed features; `*` stands for all. */
  readonly features: readonly string[];
  /** The license that it is granted by; null: the free tier. */
  readonly licenseId: string | null;
  /** The end of that license, or of the last one that follows it without a gap. */
  readonly licenseExpiresAt: number | null;
  /** By the controller's clock. An agent counts the term, `expiresAt - issuedAt`, from reception when its own time is another. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** How long after `expiresAt` the grant is kept, with warnings, before the node degrades, milliseconds. */
  readonly graceMs: number;
}

/** Longest term that an agent honors, milliseconds: 90 days. */
export const longestLeaseMs: number = 90 * 86_400_000;

/**
 * How a node's lease stands. `active`; `warning`: less than half of its term is left, or its license is near its end; `expired`: past its
 * end, within its grace; `degraded`: free tier, out of the gossip; `restored`: contact is back, and what was degraded is being taken back.
 */
export type LeaseState = 'active' | 'warning' | 'expired' | 'degraded' | 'restored';
