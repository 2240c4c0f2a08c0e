import type { NodeReport } from '@shoal/common';
import type { ClusterSide } from '../cluster-side.js';
import type { LeaseStanding } from '../lease/lease-keeper.js';
import type { Pools } from '../lease/lease-states.js';
import type { LinkState } from '../link/link.js';

/** What `GET /status` of the local API answers. Times are milliseconds since the epoch. */
export interface AgentStatus {
  readonly node: string;
  readonly site: string;
  readonly version: string;
  readonly startedAt: number;
  /** `standalone`, `enrolling` (no identity yet), `clustered`, `removed` (the controller took this node out). */
  readonly mode: 'standalone' | 'enrolling' | 'clustered' | 'removed';
  readonly cluster: {
    readonly id: string;
    readonly name: string;
    readonly controller: string;
    readonly link: LinkState;
    /** Why the last try failed; empty when it didn't. */
    readonly lastError: string;
    readonly certificateExpiresAt: number;
  } | null;
  readonly tier: string;
  readonly lease: LeaseStanding;
  /** Requests that services here refused for the limit of the lease, by their access logs, since the agent's start. A standalone agent reads none: 0. */
  readonly requestsRefused: number;
  /** How many members the gossip has in each state, this node included; null: the node isn't in it. */
  readonly members: Readonly<Record<'alive' | 'suspect' | 'dead' | 'left', number>> | null;
  /** What load balancers on this host see: the gossip's nodes, or also those that were known before; and how many nodes that are. */
  readonly pools: { readonly state: Pools; readonly nodes: number };
  readonly report: NodeReport;
  /** What keeps this node from its local spec or from joining its cluster now, in words; empty: nothing. */
  readonly problems: readonly string[];
  readonly spool: { readonly bytes: number; readonly waiting: number; readonly hasRoom: boolean } | null;
}

/** The cluster in the status; null: none yet. `controller`: its configured address. */
export function clusterStatus(
  side: ClusterSide | undefined,
  controller: string | undefined,
): AgentStatus['cluster'] {
  const identity = side?.identity;
  if (identity === undefined || controller === undefined) return null;
  return {
    id: identity.clusterId,
    name: identity.clusterName,
    controller,
    link: side?.link?.state ?? 'stopped',
    lastError: side?.link?.lastError ?? '',
    certificateExpiresAt: identity.expiresAt,
  };
}
