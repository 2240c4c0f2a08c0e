import type { FailureView, RolloutNodeStatus, RolloutStatus } from '@shoal/common';

/** One node's part in a rollout. */
export interface RolloutNode {
  readonly node: string;
  readonly status: RolloutNodeStatus;
  /** Last revision that the node was measured to run when the rollout met it; 0: none. Where it goes back to when it fails. */
  readonly previous: number;
  /** When it was offered the revision; null: not yet, or it ran the same content already. */
  readonly startedAt: number | null;
  /** When it counts as failed, while it is under way, ms since the epoch; null: not under way yet. */
  readonly deadlineAt: number | null;
  readonly endedAt: number | null;
  readonly failure: FailureView | null;
}

/** A rollout as it is stored. Its id is the target revision's number. */
export interface RolloutState {
  readonly revision: number;
  /** Revision that was active when it began; 0: none. */
  readonly from: number;
  readonly status: RolloutStatus;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Milliseconds that a node may take from offer to healthy. */
  readonly nodeDeadlineMs: number;
  readonly nodes: readonly RolloutNode[];
}

/**
 * Whether a node can be reached: `connected` by its link; `away`, no link but not long enough, or the controller itself has just started,
 * so it is waited for; `offline`: skipped until it comes back.
 */
export type Presence = 'connected' | 'away' | 'offline';

/** What is measured of a node, with regard to the rollout's revision. */
export interface ObservedNode {
  readonly presence: Presence;
  /** Content hash of its manifest at the rollout's revision. */
  readonly hash: string;
  /** Content hash that it runs; empty: nothing yet. */
  readonly running: string;
  readonly failed: { readonly hash: string; readonly revision: number; readonly failure: FailureView } | null;
  /** False while it is converging to something. */
  readonly settled: boolean;
  /** Last revision that it was measured to run; 0: none. */
  readonly good: number;
}

/** All nodes of the cluster at one time (ms since the epoch). */
export interface Observation {
  readonly at: number;
  readonly nodes: ReadonlyMap<string, ObservedNode>;
}

/** From now on the node shall be at `revision` (0: nothing is asked of it); `good` is the last revision that it was measured to run. */
export interface TargetChange {
  readonly node: string;
  readonly revision: number;
  readonly good: number;
}

/** The next state with the targets that come with it. */
export interface Advance {
  readonly state: RolloutState;
  /** To be stored in the same transaction as `state`, then acted upon. */
  readonly targets: readonly TargetChange[];
}

/** A rollout at its beginning; `advance` meets the nodes. */
export function beginRollout(options: {
  revision: number;
  from: number;
  at: number;
  nodeDeadlineMs: number;
}): RolloutState {
  const { revision, from, at, nodeDeadlineMs } = options;
  return { revision, from, status: 'running', startedAt: at, endedAt: null, nodeDeadlineMs, nodes: [] };
}

/** The rollout ends because a newer revision takes its place. Nodes keep the targets that they have. */
export function supersede(state: RolloutState, at: number): RolloutState {
  if (state.status !== 'running') return state;
  const nodes = state.nodes.map((node) =>
    isWaiting(node) ? { ...node, status: 'untouched' as const } : node,
  );
  return { ...state, status: 'superseded', endedAt: at, nodes };
}

/** The controller is back after a time in which nothing was measured: nodes that are under way get their whole time again. */
export function resume(state: RolloutState, at: number): RolloutState {
  if (nextDeadline(state) === undefined) return state;
  const deadlineAt = at + state.nodeDeadlineMs;
  const nodes = state.nodes.map((node) => (node.status === 'offered' ? { ...node, deadlineAt } : node));
  return { ...state, nodes };
}

/** When the next node's deadline passes, ms since the epoch; undefined: none is under way. */
export function nextDeadline(state: RolloutState): number | undefined {
  if (state.status !== 'running') return undefined;
  const deadlines = state.nodes
    .filter((node) => node.status === 'offered')
    .map((node) => node.deadlineAt ?? 0);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

/**
 * One step of the rollout: from what was stored and what is measured to what is next. It depends on nothing else, so that a controller
 * that was killed at any point goes on by calling it again. One node after another; the first failure ends it. Nodes that are offline are
 * skipped once another has proven the revision, and get it when they come back. The same objects come back when nothing changed.
 */
export function advance(before: RolloutState, observation: Observation): Advance {
  if (before.status !== 'running') return { state: before, targets: [] };
  const targets: TargetChange[] = [];
  const met = meetNodes(before, observation);
  const judged = met.map((node) => judge(node, before, observation, targets));
  const changed =
    judged.some((node, index) => node !== before.nodes[index]) || judged.length !== before.nodes.length;
  const state = changed ? { ...before, nodes: judged } : before;
  if (judged.some((node) => node.status === 'failed')) return fail(state, observation, targets);
  if (judged.some((node) => node.status === 'offered')) return { state, targets };
  return offerNext(state, observation, targets);
}

function isWaiting(node: RolloutNode): boolean {
  return node.status === 'pending' || node.status === 'offline';
}

/** Nodes that were removed from the cluster go, nodes that are new join the queue. */
function meetNodes(state: RolloutState, observation: Observation): RolloutNode[] {
  const known = state.nodes.filter((node) => observation.nodes.has(node.node));
  const names = new Set(known.map((node) => node.node));
  const fresh = [...observation.nodes]
    .filter(([name]) => !names.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, observed]): RolloutNode => ({
        node: name,
        status: 'pending',
        previous: observed.good,
        startedAt: null,
        deadlineAt: null,
        endedAt: null,
        failure: null,
      }),
    );
  return [...known, ...fresh];
}

/** One node by what is measured of it. */
function judge(
  node: RolloutNode,
  state: RolloutState,
  { at, nodes }: Observation,
  targets: TargetChange[],
): RolloutNode {
  const observed = nodes.get(node.node);
  if (observed === undefined) return node;
  const runs = observed.presence === 'connected' && observed.settled && observed.running === observed.hash;
  if ((node.status === 'offered' || isWaiting(node)) && runs) {
    targets.push({ node: node.node, revision: state.revision, good: state.revision });
    return { ...node, status: 'succeeded', endedAt: at };
  }
  if (node.status === 'offered') {
    const failure = failureOf(node, observed, state, at);
    return failure === null ? node : { ...node, status: 'failed', endedAt: at, failure };
  }
  if (node.status === 'pending' && observed.presence === 'offline') return { ...node, status: 'offline' };
  if (node.status === 'offline' && observed.presence !== 'offline') return { ...node, status: 'pending' };
  return node;
}

function failureOf(
  node: RolloutNode,
  { failed, hash, presence }: ObservedNode,
  state: RolloutState,
  at: number,
): FailureView | null {
  // The revision tells this attempt's failure from an earlier one of the same content.
  if (failed !== null && failed.hash === hash && failed.revision >= state.revision) return failed.failure;
  if (at < (node.deadlineAt ?? 0)) return null;
  const seconds = Math.round(state.nodeDeadlineMs / 1000);
  const message =
    presence === 'connected'
      ? `It didn't converge within ${seconds} s`
      : `It lost its link and didn't come back within ${seconds} s of the offer`;
  return { service: '', step: 'deadline', message, output: '', undone: false };
}

/** The rollout fails: the node that failed goes back to what it ran last, those that were waiting stay as they are. */
function fail(state: RolloutState, { at }: Observation, targets: TargetChange[]): Advance {
  for (const { node, previous, status } of state.nodes) {
    if (status === 'failed') targets.push({ node, revision: previous, good: previous });
  }
  const nodes = state.nodes.map((node) =>
    isWaiting(node) ? { ...node, status: 'untouched' as const } : node,
  );
  return { state: { ...state, status: 'failed', endedAt: at, nodes }, targets };
}

/** Nobody is under way: the next node's turn, or the end. */
function offerNext(state: RolloutState, { at, nodes }: Observation, targets: TargetChange[]): Advance {
  const waiting = state.nodes.filter((node) => node.status === 'pending');
  const reachable = waiting.filter(({ node }) => nodes.get(node)?.presence === 'connected');
  // One that is still at work on a superseded revision comes first: it may be the one that the change is to mend.
  const next = reachable.find(({ node }) => nodes.get(node)?.settled === false) ?? reachable[0];
  if (next !== undefined) {
    targets.push({ node: next.node, revision: state.revision, good: next.previous });
    const deadlineAt = at + state.nodeDeadlineMs;
    const offered = { ...next, status: 'offered' as const, startedAt: at, deadlineAt };
    return {
      state: { ...state, nodes: state.nodes.map((node) => (node === next ? offered : node)) },
      targets,
    };
  }
  const skipped = state.nodes.filter((node) => node.status === 'offline');
  const proven = state.nodes.some((node) => node.status === 'succeeded' && node.startedAt !== null);
  if (waiting.length > 0 || (skipped.length > 0 && !proven)) return { state, targets };
  for (const { node, previous } of skipped) targets.push({ node, revision: state.revision, good: previous });
  return { state: { ...state, status: 'succeeded', endedAt: at }, targets };
}
