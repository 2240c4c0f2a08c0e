import type { LeaseState } from '@shoal/common';

/** What templates see of the lease. */
export interface Grant {
  readonly tier: string;
  /** Limits of services, such as `requestsPerSecond`; what isn't there isn't limited. */
  readonly limits: Readonly<Record<string, number>>;
}

/** A verified lease, its term as this node counts it: in trusted time, milliseconds since the epoch. */
export interface HeldLease extends Grant {
  /** Rises with each lease of the cluster. */
  readonly serial: number;
  readonly startsAt: number;
  readonly endsAt: number;
  /** What it grants goes on for so long after its end, milliseconds. */
  readonly graceMs: number;
  readonly licenseId: string | null;
  readonly licenseExpiresAt: number | null;
}

/**
 * What templates see as members of the cluster. `live`: what the gossip says, and peers that left it for want of a lease where too many of a service did; `kept`: besides, all
 * of those, because this node comes to the same end; `frozen`: those that there were when this node left.
 */
export type Pools = 'live' | 'kept' | 'frozen';

/** What the lease asks of the rest of the agent. */
export interface LeaseDemands {
  /** The node takes part in the gossip. */
  readonly gossip: boolean;
  readonly pools: Pools;
  /** What the controller offers is converged to. */
  readonly manifests: boolean;
  readonly grant: Grant;
}

/** The lease's state, and what it is worked out from. */
export interface LeaseMachine {
  readonly state: LeaseState;
  /** `none`: there is no lease; `unrenewed`: it should have been renewed by now; `license`: the license ends soon; `ok`. */
  readonly why: 'none' | 'unrenewed' | 'license' | 'ok';
  readonly lease: HeldLease | null;
  /** By the wall clock, which leapt ahead and isn't believed yet, the lease should have been renewed. */
  readonly isClaimedLate: boolean;
  /** When a lease last came to the degraded node. */
  readonly restoredAt: number;
  /** Until when pools keep peers that left for want of a lease. */
  readonly keepUntil: number;
  readonly demands: LeaseDemands;
}

/** Something to be logged. */
export interface LeaseWords {
  readonly kind: 'say';
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** Something that the agent does because of its lease. */
export type LeaseEffect =
  | LeaseWords
  /** `renew`: a lease is to be asked for now, on a new link if one stands: on that one none came in time. */
  | { readonly kind: 'leaveGossip' | 'joinGossip' | 'refuseManifests' | 'takeManifests' | 'renew' }
  | { readonly kind: 'pools'; readonly pools: Pools }
  | { readonly kind: 'limits'; readonly grant: Grant };
