import type { Address } from '../address.js';
import type { Suspicion } from '../judgment/suspicion.js';

/** What is believed of a node. `left` said goodbye, `dead` did not. */
export type NodeStatus = 'alive' | 'suspect' | 'dead' | 'left';

/** One node as this node knows it. */
export interface NodeRecord {
  readonly name: string;
  /** The address bytes exactly as they were received. */
  addr: Uint8Array;
  address: Address;
  meta: Uint8Array | null;
  vsn: Uint8Array | null;
  /** Highest incarnation heard of, also when it didn't change the state. */
  incarnation: number;
  status: NodeStatus;
  /** When `status` last changed, on the host's clock. */
  changedAt: number;
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
