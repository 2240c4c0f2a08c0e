import type { NodeRecord } from './nodes/node-record.js';

/** What a node is said to be, before it is believed. */
export type Claim = Readonly<
  Pick<NodeRecord, 'name' | 'address' | 'meta' | 'vsn' | 'incarnation' | 'status'>
>;

/**
 * What the core asks of the application. Calls must not throw and must not call back into the core. What a veto
 * returns is its reason; undefined accepts.
 */
export interface Application {
  /** What to send along with this node's state in a push-pull; empty for nothing. `join`: somebody is joining. */
  localState(join: boolean): Uint8Array;
  /** Asked before news about another node are believed: a new node, new tags or address, a refutation. */
  refusesAlive(claim: Claim): string | undefined;
  /** Asked before two sides that join are merged, with all nodes of the other side. */
  refusesMerge(claims: readonly Claim[]): string | undefined;
  /** What to answer a direct ping with; null for nothing. */
  ackPayload(): Uint8Array | null;
}

/** Adds nothing and accepts everything. */
export const noApplication: Application = {
  localState: () => new Uint8Array(0),
  refusesAlive: () => undefined,
  refusesMerge: () => undefined,
  ackPayload: () => null,
};
