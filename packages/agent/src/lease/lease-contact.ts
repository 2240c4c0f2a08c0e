import type { LeaseState, LeaseStatus } from '@shoal/common';
import type { LeaseKeeper } from './lease-keeper.js';

/** While a node waits for a lease it dials at least this often, milliseconds, so that contact restores it within ten seconds. */
const contactWithinMs = 3000;

/** The longest wait between two tries to reach the controller, milliseconds; undefined: as usual. */
export function longestWait(state: LeaseState): number | undefined {
  return state === 'expired' || state === 'degraded' ? contactWithinMs : undefined;
}

/** What the controller is told of the lease. */
export function leaseReport({ standing }: LeaseKeeper): LeaseStatus {
  const { state, tier, expiresAt, detail } = standing;
  return { state, tier, expiresAtMs: Math.round(expiresAt ?? 0), detail };
}

/** Why the node takes no new manifests, for people; undefined: it does. */
export function whyNoManifests({ demands, standing }: LeaseKeeper): string | undefined {
  if (demands.manifests) return undefined;
  return `the node takes no new manifests while it has no lease (${standing.detail})`;
}
