import { isRolloutEnded, listed, type RolloutRequestView, type RolloutView } from '@shoal/common';
import { promoteAt } from './machine.js';
import { requestWords, states } from './requests.js';
import type { RolloutNode, RolloutState } from './state.js';

/** What operations show of a rollout. `newest`: the newest rollout's revision; only that one can be asked anything. */
export function rolloutView(state: RolloutState, newest: number = state.revision): RolloutView {
  const { revision, from, status, policy, batches, startedAt, endedAt, undone, request } = state;
  const isTimed = status === 'running' || status === 'awaiting-promotion';
  return {
    revision,
    from,
    status,
    strategy: policy.strategy,
    batches,
    startedAt,
    endedAt,
    promoteAt: promoteAt(state),
    deadlineAt: isTimed ? state.deadlineAt : null,
    undone,
    request,
    message: messageOf(state, newest),
    nodes: state.nodes.map(({ deadlineAt: _deadlineAt, attempt: _attempt, ...node }) => node),
  };
}

function named(nodes: readonly RolloutNode[]): string {
  return listed(
    nodes.map(({ node }) => node),
    3,
  );
}

/** A sentence about some nodes; undefined when there are none. */
function about(nodes: readonly RolloutNode[], words: (one: boolean) => string): string | undefined {
  return nodes.length === 0 ? undefined : `${named(nodes)} ${words(nodes.length === 1)}`;
}

function sentences(...parts: readonly (string | undefined)[]): string {
  return parts
    .filter((part): part is string => part !== undefined && part !== '')
    .map((part) => `${part}.`)
    .join(' ');
}

/** Who failed, and where; what it said stands with the node's failure. */
function failureWords(state: RolloutState): string {
  const failed = state.nodes.find(({ failure }) => failure !== null);
  if (failed?.failure == null) return state.cause;
  const { service, step } = failed.failure;
  const where = service === '' ? step : `${service}/${step}`;
  return `${state.cause || `${failed.node} failed`} (${where})`;
}

/** What an operator may ask of it, for a hint. */
function command({ revision }: RolloutState, what: RolloutRequestView['what']): string {
  return `shoal rollout ${what} --revision ${revision}`;
}

/** What happens, what it waits for and what can be done about it. */
function messageOf(state: RolloutState, newest: number): string {
  switch (state.status) {
    case 'running':
      return runningWords(state);
    case 'paused': {
      const under = state.nodes.filter(({ status }) => status === 'offered');
      const who = state.request === null ? 'It is paused' : requestWords(state.request);
      return sentences(
        who,
        about(under, (one) => `${one ? 'is' : 'are'} still under way`),
        `Go on: ${command(state, 'resume')}`,
      );
    }
    case 'awaiting-promotion':
      return awaitingWords(state);
    case 'undoing':
      return undoingWords(state);
    case 'succeeded':
      return succeededWords(state, newest);
    case 'superseded':
      return sentences('A newer revision was applied before it was through');
    case 'failed':
    case 'aborted':
      return endWords(state, newest);
  }
}

function runningWords(state: RolloutState): string {
  const under = state.nodes.filter(({ status }) => status === 'offered');
  const batch = under.reduce((first, node) => Math.min(first, node.batch), Number.POSITIVE_INFINITY);
  const where = Number.isFinite(batch) ? `Batch ${batch} of ${state.batches}: ` : '';
  return sentences(
    under.length > 0 ? `${where}${where === '' ? 'Waits' : 'waits'} for ${named(under)}` : state.waits,
  );
}

function awaitingWords(state: RolloutState): string {
  const canary = state.nodes.filter(({ batch, status }) => batch === 1 && status === 'succeeded');
  const { promoteAfterMs } = state.policy.canary;
  const when =
    promoteAfterMs === null
      ? 'Awaits promotion'
      : `Goes on by itself once the canary has been healthy for ${Math.round(promoteAfterMs / 1000)} s`;
  return sentences(
    about(canary, (one) => `${one ? 'runs' : 'run'} it`),
    state.waits,
    `${when}: ${command(state, 'promote')}, or undo it: ${command(state, 'abort')}`,
  );
}

function undoingWords(state: RolloutState): string {
  const back = state.nodes.filter(({ status }) => status === 'undone').length;
  const undoing = state.nodes.filter(({ status }) => status === 'undoing');
  const why =
    state.ending === 'aborted' && state.request !== null ? requestWords(state.request) : failureWords(state);
  if (back + undoing.length === 0) return sentences(why);
  const left = `${undoing.length} to go${undoing.length > 0 ? ` (${named(undoing)})` : ''}`;
  return sentences(why, `What it changed goes back: ${back} done, ${left}`);
}

function succeededWords(state: RolloutState, newest: number): string {
  const offline = state.nodes.filter(({ status }) => status === 'offline');
  const offered = state.nodes.filter(({ status }) => status === 'offered');
  const failed = state.nodes.filter(({ status }) => status === 'failed');
  return sentences(
    about(offline, (one) => `${one ? 'is' : 'are'} offline and ${one ? 'gets' : 'get'} it on coming back`),
    about(offered, (one) => `${one ? 'is' : 'are'} tried again`),
    about(
      failed,
      () =>
        `failed on coming back${newest > state.revision ? '' : `; try again: ${command(state, 'retry')}`}`,
    ),
  );
}

/** A node that refused before it changed anything has nothing to undo. */
function hasUndone({ undone, nodes }: RolloutState): boolean {
  const changed = nodes.some(
    ({ status, failure }) => status === 'undone' || (status === 'failed' && failure?.untouched !== true),
  );
  return undone && changed;
}

/** The newest revision with what became of it, unless it runs: `revision 8 (aborted, undone; nodes run 7)`. `active`: the newest whose rollout succeeded; 0: none. */
export function standing(state: RolloutState, active: number): string {
  const { revision, status, undone } = state;
  if (status === 'succeeded') return `revision ${revision}`;
  if (!isRolloutEnded(status)) return `revision ${revision} (${states[status]})`;
  const back = hasUndone(state) ? ', undone' : '';
  const nodes = undone && active > 0 ? `; nodes run ${active}` : '';
  return `revision ${revision} (${status}${undone ? back : ', not undone'}${nodes})`;
}

function endWords(state: RolloutState, newest: number): string {
  const { nodes, undone, status, request } = state;
  const of = (wanted: RolloutNode['status']): RolloutNode[] => nodes.filter((node) => node.status === wanted);
  const left = nodes.filter((node) => node.status === 'succeeded' && node.startedAt !== null);
  const firstTimers = left.filter(({ previous }) => previous === 0);
  const stuck = undone ? [] : of('failed').filter(({ previous }) => previous > 0);
  const why = status === 'aborted' && request !== null ? requestWords(request) : failureWords(state);
  return sentences(
    why,
    undone ? (hasUndone(state) ? 'What it changed was undone' : 'Nothing was touched') : undefined,
    about(
      of('undoing'),
      (one) =>
        `${one ? 'is' : 'are'} still to go back (on returning, if ${one ? 'it is' : 'they are'} offline)`,
    ),
    about(of('offered'), (one) => `${one ? 'is' : 'are'} still under way`),
    about(
      firstTimers,
      (one) => `ran nothing before and ${one ? 'keeps' : 'keep'} revision ${state.revision}`,
    ),
    about(
      left.filter(({ previous }) => previous > 0),
      (one) => `${one ? 'keeps' : 'keep'} revision ${state.revision}`,
    ),
    ...(newest > state.revision
      ? [
          `Revision ${newest} came after it; to bring this one again: shoal revision restore ${state.revision}`,
        ]
      : [
          undone || (left.length === 0 && stuck.length === 0)
            ? undefined
            : `Undo what it changed: ${command(state, 'abort')}`,
          `Try again: ${command(state, 'retry')}`,
        ]),
  );
}

/** A canary that only an operator lets go on, and that nobody looked at for a minute or more, in words for `shoal status`; undefined: it isn't so. */
export function promotionWarning(state: RolloutState, now: number): string | undefined {
  const { status, revision, policy, nodes } = state;
  if (status !== 'awaiting-promotion' || policy.canary.promoteAfterMs !== null) return undefined;
  const canary = nodes.filter(({ batch, endedAt }) => batch === 1 && endedAt !== null);
  const since = Math.max(state.startedAt, ...canary.map(({ endedAt }) => endedAt ?? 0));
  const minutes = Math.floor((now - since) / 60_000);
  if (minutes < 1) return undefined;
  const to = nodes.filter((node) => node.status === 'pending').length;
  return (
    `the rollout of revision ${revision} has been awaiting promotion for ${minutes} min, with ${to} ${to === 1 ? 'node' : 'nodes'} to go: ` +
    `${command(state, 'promote')}, or ${command(state, 'abort')}`
  );
}

/** True while something may still become of nodes that the rollout left when it ended. */
export function hasLateNodes(state: RolloutState): boolean {
  if (!isRolloutEnded(state.status) || state.status === 'superseded') return false;
  return state.nodes.some(
    ({ status }) => status === 'offline' || status === 'offered' || status === 'undoing',
  );
}
