import { isRolloutEnded, type RolloutRequestView, ShoalError } from '@shoal/common';
import type { Advance, Observation, RolloutNode, RolloutState, TargetChange } from './state.js';
import { withoutTurn } from './state.js';
import { beginUndo } from './undo.js';

/** What an operator asks of a rollout, and when. */
export interface OperatorRequest extends RolloutRequestView {
  /** With `abort`: nodes stay as they are. */
  readonly keep: boolean;
}

const done: Readonly<Record<RolloutRequestView['what'], string>> = {
  pause: 'paused',
  resume: 'resumed',
  promote: 'promoted',
  retry: 'retried',
  abort: 'aborted',
};

/** How a rollout stands, after its name. */
export const states: Readonly<Record<RolloutState['status'], string>> = {
  running: 'is running',
  paused: 'is paused',
  'awaiting-promotion': 'awaits promotion',
  undoing: 'is being undone',
  succeeded: 'has succeeded',
  failed: 'has failed',
  aborted: 'was aborted',
  superseded: 'was superseded by a newer revision',
};

/** Who asked what of the rollout last: `anna paused it at 2026-11-21T10:00:00.000Z`. */
export function requestWords({ what, by, at }: RolloutRequestView): string {
  return `${by} ${done[what]} it at ${new Date(at).toISOString()}`;
}

function refuse(state: RolloutState, why: string, hint: string): ShoalError {
  const { revision, status, request } = state;
  const who = request === null ? '' : ` (${requestWords(request)})`;
  return new ShoalError(
    'failed_precondition',
    `The rollout of revision ${revision} ${states[status]}${who}: ${why}`,
    { hint },
  );
}

/**
 * The rollout after an operator's request.
 *
 * @throws ShoalError `failed_precondition` when it isn't possible in the present state, naming who brought it there
 */
export function applyRequest(
  before: RolloutState,
  { what, by, at, keep }: OperatorRequest,
  observation: Observation,
): Advance {
  const state = { ...before, request: { what, by, at } };
  switch (what) {
    case 'pause':
      return { state: pause(before, state, at), targets: [] };
    case 'resume':
      return { state: resume(before, state, at), targets: [] };
    case 'promote':
      return { state: promote(before, state), targets: [] };
    case 'retry':
      return retry(before, state, observation);
    case 'abort':
      return keep ? { state: leave(before, state, at), targets: [] } : abort(before, state, observation);
  }
}

function pause(before: RolloutState, state: RolloutState, at: number): RolloutState {
  if (before.status !== 'running' && before.status !== 'awaiting-promotion') {
    throw refuse(
      before,
      'there is nothing to pause',
      `See: shoal rollout show --revision ${before.revision}`,
    );
  }
  return { ...state, status: 'paused', pausedAt: at, canaryAt: null, waits: '' };
}

function resume(before: RolloutState, state: RolloutState, at: number): RolloutState {
  if (before.status !== 'paused')
    throw refuse(before, "it isn't paused", `See: shoal rollout show --revision ${before.revision}`);
  const { pausedAt, deadlineAt } = before;
  const stood = pausedAt === null ? 0 : Math.max(0, at - pausedAt);
  const later = deadlineAt === null ? null : deadlineAt + stood;
  return { ...state, status: 'running', pausedAt: null, deadlineAt: later };
}

function promote(before: RolloutState, state: RolloutState): RolloutState {
  if (before.status !== 'awaiting-promotion') {
    const hint =
      before.status === 'paused'
        ? `Go on first: shoal rollout resume --revision ${before.revision}`
        : `See: shoal rollout show --revision ${before.revision}`;
    throw refuse(before, "it doesn't wait for promotion", hint);
  }
  return { ...state, status: 'running', promoted: true, waits: '' };
}

function retry(before: RolloutState, state: RolloutState, observation: Observation): Advance {
  if (before.status === 'succeeded') return retryLate(before, state, observation);
  if (before.status !== 'failed' && before.status !== 'aborted') {
    throw refuse(
      before,
      'there is nothing to retry yet',
      `See: shoal rollout show --revision ${before.revision}`,
    );
  }
  const { at } = observation;
  const nodes = before.nodes.map((node): RolloutNode => {
    if (node.status === 'succeeded' || node.status === 'offered') return node;
    return {
      ...node,
      status: 'pending',
      startedAt: null,
      deadlineAt: null,
      endedAt: null,
      failure: null,
    };
  });
  const { deadlineMs } = before.policy;
  const deadlineAt = deadlineMs === null ? null : at + deadlineMs;
  const anew = { status: 'running' as const, endedAt: null, deadlineAt, canaryAt: null, cause: '' };
  return { state: { ...state, ...anew, undone: false, waits: '', ending: 'failed', nodes }, targets: [] };
}

/** The rollout stands; nodes that came late and failed are asked again, and nothing else follows from it. */
function retryLate(before: RolloutState, state: RolloutState, { at, nodes: observed }: Observation): Advance {
  const targets: TargetChange[] = [];
  const nodes = before.nodes.map((node): RolloutNode => {
    if (node.status !== 'failed') return node;
    const attempt = (observed.get(node.node)?.attempt ?? node.attempt) + 1;
    targets.push({
      node: node.node,
      revision: before.revision,
      good: node.previous,
      attempt,
      undo: false,
    });
    const deadlineAt = at + before.policy.nodeDeadlineMs;
    return { ...node, status: 'offered', attempt, startedAt: at, deadlineAt, endedAt: null, failure: null };
  });
  if (targets.length === 0) throw refuse(before, 'no node failed', 'See: shoal node ls');
  return { state: { ...state, nodes }, targets };
}

function abort(before: RolloutState, state: RolloutState, observation: Observation): Advance {
  const again = 'Go back to an earlier revision: shoal revision restore NUMBER';
  if (before.status === 'undoing') {
    throw refuse(
      before,
      'its nodes go back already',
      `Leave them as they are: shoal rollout abort --keep --revision ${before.revision}`,
    );
  }
  if (before.status === 'succeeded' || before.status === 'superseded') {
    throw refuse(before, 'there is nothing to abort', again);
  }
  const isEnded = isRolloutEnded(before.status);
  if (isEnded && before.undone) throw refuse(before, 'it is undone', 'See: shoal node ls');
  const ending = isEnded ? (before.status as RolloutState['ending']) : 'aborted';
  return beginUndo(state, ending, before.cause, observation);
}

/** It ends here. Nodes that were to go back and weren't asked yet stay at the revision; those that are under way end. */
function leave(before: RolloutState, state: RolloutState, at: number): RolloutState {
  if (isRolloutEnded(before.status))
    throw refuse(before, 'it has ended', `See: shoal rollout show --revision ${before.revision}`);
  const nodes = withoutTurn(before.nodes).map((node): RolloutNode => {
    if (node.status !== 'undoing' || node.deadlineAt !== null) return node;
    return { ...node, status: 'succeeded', endedAt: at };
  });
  return { ...state, status: 'aborted', endedAt: at, undone: false, waits: '', pausedAt: null, nodes };
}
