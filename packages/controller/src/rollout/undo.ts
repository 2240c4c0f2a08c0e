import type { Advance, Observation, ObservedNode, RolloutNode, RolloutState, TargetChange } from './state.js';
import { deadlineFailure, failureAt, isHalfUndone, isWaiting, runs, withoutTurn } from './state.js';

/** The target by which a node goes back to what it ran before. */
export function backTarget(node: RolloutNode, observed: ObservedNode | undefined): TargetChange {
  const { node: name, previous } = node;
  const attempt = (observed?.attempt ?? node.attempt) + 1;
  return { node: name, revision: previous, good: previous, attempt, undo: true };
}

/** True for a node of a rollout that is being undone, that was asked to go back. */
function isAsked({ status, deadlineAt }: RolloutNode): boolean {
  return status === 'undoing' && deadlineAt !== null;
}

/**
 * Begins to undo what the rollout changed. A node that failed undid itself: what it shall be follows at once. So it does for those under way. Those that
 * have succeeded go back a few at a time; so do those that the superseded rollout was about to undo and that didn't have their turn here. Nodes that ran nothing
 * before have nothing to go back to, and keep what they have.
 */
export function beginUndo(
  state: RolloutState,
  ending: RolloutState['ending'],
  cause: string,
  { at, nodes: observed }: Observation,
): Advance {
  const targets: TargetChange[] = [];
  const deadlineAt = at + state.policy.nodeDeadlineMs;
  const ask = (node: RolloutNode, part: Partial<RolloutNode>): RolloutNode => {
    const target = backTarget(node, observed.get(node.node));
    targets.push(target);
    return { ...node, ...part, attempt: target.attempt };
  };
  const isCarried = (node: RolloutNode): boolean => isWaiting(node) && state.carried[node.node] !== undefined;
  const nodes = state.nodes.map((node): RolloutNode => {
    const seen = observed.get(node.node);
    if (isWaiting(node) && !isCarried(node)) return { ...node, status: 'untouched' };
    if (node.status === 'failed') return ask(node, { deadlineAt });
    if (node.previous === 0 || seen === undefined) return node;
    if (node.status === 'offered') return ask(node, { status: 'undoing', deadlineAt, endedAt: null });
    if (node.status !== 'succeeded' && !isCarried(node)) return node;
    // The same content before and after: there is nothing to undo.
    if (node.startedAt === null && runs(seen, seen.back)) return ask(node, { status: 'untouched' });
    return { ...node, status: 'undoing', deadlineAt: null, endedAt: null };
  });
  const base = { ...state, status: 'undoing' as const, ending, cause, nodes, waits: '', pausedAt: null };
  return { state: { ...base, canaryAt: null, endedAt: null, undone: false }, targets };
}

/** What is measured of a node that goes back. */
function judgeUndo(
  node: RolloutNode,
  seen: ObservedNode,
  { at, policy }: { at: number; policy: RolloutState['policy'] },
): RolloutNode {
  if (!isAsked(node)) return node;
  if (runs(seen, seen.back)) return { ...node, status: 'undone', endedAt: at };
  const failure = failureAt(node, seen, seen.back, node.previous);
  if (failure !== null) return { ...node, status: 'failed', endedAt: at, failure };
  const left = (node.deadlineAt ?? 0) - at;
  if (seen.presence === 'offline') {
    // Time in which it can't be reached isn't counted against it.
    const { nodeDeadlineMs } = policy;
    return left > nodeDeadlineMs / 2 ? node : { ...node, deadlineAt: at + nodeDeadlineMs };
  }
  if (left > 0) return node;
  return {
    ...node,
    status: 'failed',
    endedAt: at,
    failure: deadlineFailure(seen.presence, policy.nodeDeadlineMs),
  };
}

/** Every node that goes back, by what is measured of it; the same array when nothing changed. For rollouts that have ended too. */
export function judgeUndoing(state: RolloutState, { at, nodes: observed }: Observation): RolloutState {
  let changed = false;
  const nodes = state.nodes.map((node) => {
    const seen = node.status === 'undoing' ? observed.get(node.node) : undefined;
    const next = seen === undefined ? node : judgeUndo(node, seen, { at, policy: state.policy });
    changed ||= next !== node;
    return next;
  });
  return changed ? { ...state, nodes } : state;
}

/**
 * How it stands with a node that failed. `isOver`: nothing more is to be waited for. `isBack`: it was measured to run what it ran before, or can't be
 * reached and follows when it can.
 */
function settlement(
  node: RolloutNode,
  seen: ObservedNode | undefined,
  at: number,
): { readonly isOver: boolean; readonly isBack: boolean } {
  if (seen === undefined || seen.presence === 'offline') return { isOver: true, isBack: true };
  if (node.previous === 0) {
    const isBack = seen.settled && seen.running !== seen.hash && !isHalfUndone(seen);
    return { isOver: isBack || seen.settled || at >= (node.deadlineAt ?? 0), isBack };
  }
  const isBack = runs(seen, seen.back);
  const isOver =
    isBack || at >= (node.deadlineAt ?? 0) || failureAt(node, seen, seen.back, node.previous) !== null;
  return { isOver, isBack };
}

/** One step of undoing: asks as many nodes as may be under way, and ends when each was measured or isn't waited for. */
export function advanceUndo(state: RolloutState, observation: Observation): Advance {
  const { at, nodes: observed } = observation;
  const targets: TargetChange[] = [];
  const seenOf = (node: RolloutNode): ObservedNode | undefined => observed.get(node.node);
  const isHeard = (node: RolloutNode): boolean => seenOf(node)?.presence !== 'offline';
  const settlements = state.nodes
    .filter(({ status }) => status === 'failed')
    .map((node) => settlement(node, seenOf(node), at));
  let underWay =
    state.nodes.filter((node) => isAsked(node) && isHeard(node)).length +
    state.nodes.filter(({ status }) => status === 'offered').length +
    settlements.filter(({ isOver }) => !isOver).length;
  const nodes = state.nodes.map((node) => {
    if (node.status !== 'undoing' || isAsked(node) || (isHeard(node) && underWay >= state.bound)) return node;
    if (isHeard(node)) underWay += 1;
    const target = backTarget(node, seenOf(node));
    targets.push(target);
    return { ...node, attempt: target.attempt, deadlineAt: at + state.policy.nodeDeadlineMs };
  });
  if (targets.length > 0) return { state: { ...state, nodes }, targets };
  if (underWay > 0) return { state, targets };
  const undone =
    settlements.every(({ isBack }) => isBack) &&
    state.nodes.every(({ status, startedAt }) => status !== 'succeeded' || startedAt === null);
  const ended = { ...state, status: state.ending, endedAt: at, undone, nodes: withoutTurn(state.nodes) };
  return { state: ended, targets };
}
