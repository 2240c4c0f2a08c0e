import type { Suspicion } from '../judgment/suspicion.js';
import type { Facts } from './directory.js';

/** What is believed of a node. `left` said goodbye, `dead` did not. */
export type NodeStatus = 'alive' | 'suspect' | 'dead' | 'left';

/**
 * One node as this node knows it: a light view of the node table, made anew for each look, so compare names and not
 * objects. Good for as long as the table knows the node. `status` and `changedAt` change through the table.
 */
export interface NodeRecord extends Facts {
  readonly name: string;
  /** All that the node says about itself; replaced as a whole. */
  facts: Facts;
  /** Highest incarnation heard of, also when it didn't change the state. */
  incarnation: number;
  readonly status: NodeStatus;
  /** When `status` last changed, on the host's clock. */
  readonly changedAt: number;
  suspicion: Suspicion | undefined;
  /** The node has said that it is about to leave, so its death will be no failure. */
  leaving: boolean;
  /** Lamport time of the newest intent heard; older ones are repetitions. -1 before the first. */
  intentTime: number;
}

/** Says whether a node counts as part of the cluster: alive, or suspected but not given up. */
export function isActive(node: NodeRecord): boolean {
  return node.status === 'alive' || node.status === 'suspect';
}
