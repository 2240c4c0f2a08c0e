import type { Counters, NodeStatus } from '../core/index.js';
import type { Traffic } from './traffic.js';

/** Figures of a member, for metrics: totals since the start, and the state of now. */
export interface GossipStats {
  readonly traffic: Readonly<Traffic>;
  readonly protocol: Readonly<Counters>;
  /** Local health: 0 is healthy, 7 is the worst. */
  readonly healthScore: number;
  /** Updates that wait to be passed on. */
  readonly queued: number;
  readonly members: Readonly<Record<NodeStatus, number>>;
}
