import { isRolloutEnded } from '@shoal/common';
import { meetNodes } from './batches.js';
import { offerNext } from './offer-next.js';
import type { Advance, Observation, ObservedNode, RolloutNode, RolloutState, TargetChange } from './state.js';
import { deadlineFailure, failureAt, isWaiting, runs, withoutTurn } from './state.js';
import { advanceUndo, backTarget, beginUndo, judgeUndoing } from './undo.js';

/**
 * The rollout ends because a newer revision takes its place. Nodes keep the targets that they have. `carried`: what nodes that it was about to undo go back to, if
 * the newer one fails.
 */
export function supersede(
  state: RolloutState,
  at: number,
): { readonly state: RolloutState; readonly carried: Readonly<Record<string, number>> } {
  if (isRolloutEnded(state.status)) return { state, carried: {} };
  const isCarried = ({ node, status }: RolloutNode): boolean =>
    status === 'undoing' || (status !== 'succeeded' && state.carried[node] !== undefined);
  const carried =
    state.batches === 0
      ? state.carried
      : Object.fromEntries(state.nodes.filter(isCarried).map(({ node, previous }) => [node, previous]));
  const nodes = withoutTurn(state.nodes);
  return { state: { ...state, status: 'superseded', endedAt: at, waits: '', nodes }, carried };
}

function isUnderWay({ status, deadlineAt }: RolloutNode): boolean {
  return status === 'offered' || (status === 'undoing' && deadlineAt !== null);
}

/** The controller is back after a time in which nothing was measured: nodes that are under way get their whole time again. */
export function resumeAfterStart(state: RolloutState, at: number): RolloutState {
  if (!state.nodes.some(isUnderWay)) return state;
  const deadlineAt = at + state.policy.nodeDeadlineMs;
  const isUndoing = state.status === 'undoing';
  const nodes = state.nodes.map((node) =>
    isUnderWay(node) || (isUndoing && node.status === 'failed') ? { ...node, deadlineAt } : node,
  );
  return { ...state, nodes };
}

/** When a canary goes on by itself, ms since the epoch; null: it doesn't, or not now. */
export function promoteAt({ status, canaryAt, policy }: RolloutState): number | null {
  const { promoteAfterMs } = policy.canary;
  return status === 'awaiting-promotion' && canaryAt !== null && promoteAfterMs !== null
    ? canaryAt + promoteAfterMs
    : null;
}

/**
 * When something follows from the time alone, ms since the epoch; undefined: nothing does. `after`: what was due until then was seen to. Default: nothing was.
 */
export function nextDeadline(
  state: RolloutState,
  after: number = Number.NEGATIVE_INFINITY,
): number | undefined {
  if (state.status === 'superseded') return undefined;
  const times = state.nodes
    .filter((node) => isUnderWay(node) || (node.status === 'failed' && state.status === 'undoing'))
    .map(({ deadlineAt }) => deadlineAt);
  if (state.status === 'running' || state.status === 'awaiting-promotion') {
    times.push(state.deadlineAt, promoteAt(state));
  }
  const set = times.filter((time) => time !== null).filter((time) => time > after);
  return set.length === 0 ? undefined : set.reduce((first, time) => Math.min(first, time));
}

/**
 * One step of the rollout: from what was stored and what is measured to what is next. It depends on nothing else, so that a controller
 * that was killed at any point goes on by calling it again. The same state comes back when nothing changed. A rollout that has ended still learns what becomes of
 * nodes that it left: those that were offline, and those that were under way.
 */
export function advance(before: RolloutState, observation: Observation): Advance {
  if (before.status === 'superseded') return { state: before, targets: [] };
  const targets: TargetChange[] = [];
  if (isRolloutEnded(before.status)) {
    const state = judgeNodes(judgeUndoing(before, observation), observation, targets);
    return { state, targets };
  }
  const met = judgeUndoing(meet(before, observation), observation);
  const state = judgeNodes(met, observation, targets);
  const next = decide(state, observation);
  return { state: next.state, targets: [...targets, ...next.targets] };
}

/** Nodes that come while all is undone have no turn any more. */
function meet(before: RolloutState, { nodes }: Observation): RolloutState {
  const met = meetNodes(before, nodes);
  const isLate = met.status === 'undoing' && met.nodes.some(isWaiting);
  return isLate ? { ...met, nodes: withoutTurn(met.nodes) } : met;
}

function decide(state: RolloutState, observation: Observation): Advance {
  if (state.status === 'undoing') return advanceUndo(state, observation);
  const cause = causeOf(state, observation.at);
  if (cause === undefined) return offerNext(state, observation);
  if (state.policy.onFailure === 'undo') return beginUndo(state, 'failed', cause, observation);
  return stop(state, cause, observation);
}

/** Why the rollout fails now; undefined: it doesn't. */
function causeOf(state: RolloutState, at: number): string | undefined {
  const failed = state.nodes.filter(({ status }) => status === 'failed').map(({ node }) => node);
  if (failed.length > 0) return `${failed.slice(0, 3).join(', ')}${failed.length > 3 ? ', …' : ''} failed`;
  const { deadlineAt, policy, status } = state;
  if (deadlineAt === null || at < deadlineAt || status === 'paused') return undefined;
  return `It took longer than ${Math.round((policy.deadlineMs ?? 0) / 1000)} s`;
}

/** It fails and is left as it is, but for nodes that failed: they go back. Those that are under way end. */
function stop(state: RolloutState, cause: string, { at, nodes: observed }: Observation): Advance {
  const failed = state.nodes.filter(({ status }) => status === 'failed');
  const targets = failed.map((node) => backTarget(node, observed.get(node.node)));
  const nodes = withoutTurn(state.nodes);
  return { state: { ...state, status: 'failed', endedAt: at, cause, waits: '', nodes }, targets };
}

/** Every node by what is measured of it; the same state when nothing changed. */
function judgeNodes(state: RolloutState, observation: Observation, targets: TargetChange[]): RolloutState {
  let changed = false;
  const nodes = state.nodes.map((node) => {
    const seen = observation.nodes.get(node.node);
    const next = seen === undefined ? node : judge(node, seen, state, observation.at, targets);
    changed ||= next !== node;
    return next;
  });
  return changed ? { ...state, nodes } : state;
}

function judge(
  node: RolloutNode,
  seen: ObservedNode,
  state: RolloutState,
  at: number,
  targets: TargetChange[],
): RolloutNode {
  if (node.status !== 'offered' && !isWaiting(node)) return node;
  const { revision } = state;
  if (runs(seen, seen.hash)) {
    targets.push({ node: node.node, revision, good: revision, attempt: seen.attempt, undo: false });
    return { ...node, status: 'succeeded', endedAt: at };
  }
  const hasEnded = isRolloutEnded(state.status);
  if (node.status === 'offered' || (hasEnded && node.status === 'offline')) {
    const failure = failureOf(node, seen, state, at);
    if (failure === null) return node;
    // While the rollout goes on, what follows for all nodes is decided together. One that comes late to what the others run isn't taken off it.
    const late = hasEnded && state.status === 'succeeded';
    if (late || (!hasEnded && state.status !== 'undoing')) {
      return { ...node, status: 'failed', endedAt: at, failure };
    }
    const back = backTarget(node, seen);
    targets.push(back);
    const deadlineAt = at + state.policy.nodeDeadlineMs;
    return { ...node, status: 'failed', attempt: back.attempt, deadlineAt, endedAt: at, failure };
  }
  if (hasEnded) return node;
  if (node.status === 'pending' && seen.presence === 'offline') return { ...node, status: 'offline' };
  if (node.status === 'offline' && seen.presence !== 'offline') return { ...node, status: 'pending' };
  return node;
}

function failureOf(
  node: RolloutNode,
  seen: ObservedNode,
  { revision, policy }: RolloutState,
  at: number,
): RolloutNode['failure'] {
  const failure = failureAt(node, seen, seen.hash, revision);
  if (failure !== null || node.deadlineAt === null || at < node.deadlineAt) return failure;
  return deadlineFailure(seen.presence, policy.nodeDeadlineMs);
}
