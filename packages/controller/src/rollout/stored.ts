import type { FailureView } from '@shoal/common';
import { decodeJson, getJson, listJson, putJson, type Stored } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { policyOf } from './policy.js';
import { beginRollout, type RolloutNode, type RolloutState } from './state.js';

/** What the store keeps of a rollout: `rollouts/<revision>`, all but the nodes, and each node at `rollout-nodes/<revision>/<node>`. */
type Header = Omit<RolloutState, 'nodes'>;

/** A node with its place in the order. */
interface StoredNode extends RolloutNode {
  readonly position: number;
}

/** A rollout as version 0.1 stored it, whole: one node after another, the first failure stopped it. */
interface FirstFormat {
  readonly revision: number;
  readonly from: number;
  readonly status: RolloutState['status'];
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly nodeDeadlineMs: number;
  readonly nodes: readonly {
    readonly node: string;
    readonly status: RolloutNode['status'];
    readonly previous: number;
    readonly startedAt: number | null;
    readonly deadlineAt: number | null;
    readonly endedAt: number | null;
    readonly failure: FailureView | null;
  }[];
}

function fromFirstFormat(old: FirstFormat): RolloutState {
  const { revision, from, status, startedAt, endedAt, nodeDeadlineMs } = old;
  const policy = { ...policyOf({ onFailure: 'stop' }), nodeDeadlineMs };
  return {
    ...beginRollout({ revision, from, at: startedAt, policy }),
    status,
    endedAt,
    batches: Math.max(1, old.nodes.length),
    bound: 1,
    size: 1,
    nodes: old.nodes.map((node, index) => ({ ...node, batch: index + 1, attempt: 0 })),
  };
}

async function withNodes(store: Store, header: Header | FirstFormat): Promise<RolloutState> {
  if ('nodes' in header) return fromFirstFormat(header);
  const nodes = await listJson<StoredNode>(store, keys.rolloutNodes(header.revision));
  nodes.sort((a, b) => a.position - b.position);
  // Earlier versions kept no clock.
  const { clock = null } = header;
  return { ...header, clock, nodes: nodes.map(({ position: _, ...node }) => node) };
}

/** Reads a rollout, in whatever format it was stored; undefined when there is none of that revision. */
export async function readRollout(store: Store, revision: number): Promise<Stored<RolloutState> | undefined> {
  const header = await getJson<Header | FirstFormat>(store, keys.rollout(revision));
  if (header === undefined) return undefined;
  return { value: await withNodes(store, header.value), modRevision: header.modRevision };
}

/**
 * Reads a rollout that is to go on. One that version 0.1 stored is written anew as this one does: from then on only what changes is written.
 */
export async function openRollout(store: Store, revision: number): Promise<Stored<RolloutState> | undefined> {
  const header = await getJson<Header | FirstFormat>(store, keys.rollout(revision));
  const present = await readRollout(store, revision);
  if (header === undefined || present === undefined || !('nodes' in header.value)) return present;
  const result = await store.transact({
    compare: [{ key: keys.rollout(revision), modRevision: header.modRevision }],
    writes: rolloutWrites(undefined, present.value),
  });
  return result.committed ? { value: present.value, modRevision: result.revision } : present;
}

/** The newest rollouts first. */
export async function listRollouts(store: Store, limit: number): Promise<RolloutState[]> {
  const entries = await store.list(keys.rollouts, { limit, reverse: true });
  return Promise.all(entries.map((entry) => withNodes(store, decodeJson<Header | FirstFormat>(entry))));
}

/** The writes that bring what is stored from one state to the next: of the nodes only those that changed. `before` undefined: nothing is stored. */
export function rolloutWrites(before: RolloutState | undefined, state: RolloutState): Write[] {
  const { nodes, ...header } = state;
  const { revision } = state;
  // Identity tells what changed: the machine gives back the objects that it left alone.
  const places = new Map(before?.nodes.map((node, position) => [node, position]));
  const writes: Write[] = [putJson(keys.rollout(revision), header)];
  for (const [position, node] of nodes.entries()) {
    if (places.get(node) === position) continue;
    writes.push(putJson(`${keys.rolloutNodes(revision)}${node.node}`, { ...node, position }));
  }
  const names = new Set(nodes.map(({ node }) => node));
  for (const { node } of before?.nodes ?? []) {
    if (!names.has(node)) writes.push({ type: 'delete', key: `${keys.rolloutNodes(revision)}${node}` });
  }
  return writes;
}
