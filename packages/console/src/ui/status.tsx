import type { DriftView, NodeView, RevisionStatus, RolloutNodeStatus, RolloutStatus } from '@shoal/common';
import type { JSX } from 'preact';
import { Icon, type IconName } from './icon.js';

/** How a state is colored: what it asks of the reader. */
export type Tone = 'good' | 'busy' | 'bad' | 'warn' | 'quiet';

/** How one state is shown. */
export interface Look {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly word: string;
  readonly meaning: string;
}

/** How one state is shown, in an expression. */
export const look = (tone: Tone, icon: IconName, word: string, meaning: string): Look => ({
  tone,
  icon,
  word,
  meaning,
});

const nodeLooks: Readonly<Record<NodeView['status'], Look>> = {
  ok: look('good', 'check', 'ok', 'Connected, runs what it shall, healthy'),
  converging: look('busy', 'sync', 'converging', 'A configuration is being applied'),
  failed: look('bad', 'cross', 'failed', 'The last attempt failed; it runs the last good configuration'),
  unhealthy: look('bad', 'alert', 'unhealthy', 'A service doesn’t pass its health check'),
  behind: look('warn', 'behind', 'behind', 'Runs something else than desired, and nothing is under way'),
  drifted: look(
    'warn',
    'alert',
    'drifted',
    'Runs what it shall, but something of it was changed on the host',
  ),
  unreachable: look(
    'warn',
    'unlink',
    'unreachable',
    'No link to the agent, but the gossip sees the node alive',
  ),
  down: look('bad', 'down', 'down', 'No link, and the gossip says dead or left'),
  new: look('quiet', 'plus', 'new', 'Enrolled; nothing was applied yet'),
};

const driftLooks: Readonly<Record<DriftView['state'], Look>> = {
  left: look('warn', 'minus', 'left as it is', 'The service’s policy is to report drift'),
  repairing: look('busy', 'sync', 'repairing', 'It is put back, or about to be'),
  failed: look(
    'bad',
    'cross',
    'repair failed',
    'Putting it back failed and was undone; it is tried again later',
  ),
  flapping: look('bad', 'alert', 'flapping', 'It came back after each of three repairs, and is left'),
};

const revisionLooks: Readonly<Record<RevisionStatus, Look>> = {
  pending: look('quiet', 'behind', 'pending', 'Committed; its rollout hasn’t begun'),
  'rolling-out': look('busy', 'sync', 'rolling out', 'On its way to the nodes'),
  active: look('good', 'check', 'active', 'What the cluster runs'),
  failed: look('bad', 'cross', 'failed', 'Its rollout failed; the last good revision stays'),
  aborted: look('warn', 'minus', 'aborted', 'Its rollout was aborted by an operator'),
  superseded: look('quiet', 'minus', 'superseded', 'A later revision took its place'),
};

const rolloutLooks: Readonly<Record<RolloutStatus, Look>> = {
  running: look('busy', 'sync', 'running', 'Nodes are being brought to the revision'),
  succeeded: look('good', 'check', 'succeeded', 'Every reachable node runs the revision'),
  paused: look('warn', 'pause', 'paused', 'Nodes under way end, no other begins'),
  'awaiting-promotion': look('warn', 'behind', 'awaiting promotion', 'The canary has succeeded'),
  undoing: look('busy', 'sync', 'undoing', 'What it changed goes back to what ran before'),
  failed: look('bad', 'cross', 'failed', 'A node failed'),
  aborted: look('warn', 'minus', 'aborted', 'An operator ended it'),
  superseded: look(
    'quiet',
    'minus',
    'superseded',
    'A newer revision was applied before it reached every node',
  ),
};

/** The version that a blueprint's bare name means. */
export const newestBlueprint: Look = look(
  'quiet',
  'check',
  'newest',
  'A blueprint’s bare name means this version',
);

const rolloutNodeLooks: Readonly<Record<RolloutNodeStatus, Look>> = {
  pending: look('quiet', 'behind', 'waiting', 'Its turn comes later'),
  offered: look('busy', 'sync', 'converging', 'The revision was offered; the node is at work'),
  succeeded: look('good', 'check', 'succeeded', 'Runs the revision, healthy'),
  failed: look('bad', 'cross', 'failed', 'The revision failed here'),
  offline: look('warn', 'unlink', 'offline', 'Skipped; it is offered the revision when it comes back'),
  untouched: look('quiet', 'minus', 'untouched', 'The rollout stopped before its turn'),
  undoing: look('busy', 'sync', 'going back', 'Goes back to what it ran before'),
  undone: look('quiet', 'check', 'undone', 'Runs again what it ran before'),
};

const unknown = (word: string): Look => look('quiet', 'dot', word, word);

export function nodeLook(status: string): Look {
  return nodeLooks[status as NodeView['status']] ?? unknown(status);
}

/** A state in one or two words; what it means on hover. */
export function Badge({ shown }: { shown: Look }): JSX.Element {
  return (
    <span class={`badge tone-${shown.tone}`} title={shown.meaning}>
      <Icon name={shown.icon} class={shown.icon === 'sync' ? 'turning' : ''} />
      {shown.word}
    </span>
  );
}

export function NodeBadge({ status }: { status: NodeView['status'] }): JSX.Element {
  return <Badge shown={nodeLook(status)} />;
}

export function DriftBadge({ state }: { state: DriftView['state'] }): JSX.Element {
  return <Badge shown={driftLooks[state] ?? unknown(state)} />;
}

/** Says that something of a node drifted, where its status is about something else. */
export function DriftMark({ node }: { node: NodeView }): JSX.Element | null {
  const { drifts, status } = node;
  if (drifts.length === 0 || status === 'drifted') return null;
  const steps = drifts.map(({ service, step }) => `${service}/${step}`).join(', ');
  return <Badge shown={look('warn', 'alert', 'drift', `No longer as it shall be: ${steps}`)} />;
}

/** Says that requests are kept away from a node, by an operator or for a change. */
export function DrainMark({ node: { draining, drainAsked } }: { node: NodeView }): JSX.Element | null {
  if (drainAsked.length > 0) {
    return <Badge shown={look('warn', 'down', 'drained', 'An operator keeps requests away')} />;
  }
  if (draining.length === 0) return null;
  return <Badge shown={look('busy', 'down', 'draining', `For a change: ${draining.join(', ')}`)} />;
}

export function RevisionBadge({ status }: { status: RevisionStatus }): JSX.Element {
  return <Badge shown={revisionLooks[status] ?? unknown(status)} />;
}

/** How a rollout stands; beside it whether what it changed was undone. */
export function RolloutBadge({
  status,
  undone = false,
}: {
  status: RolloutStatus;
  undone?: boolean;
}): JSX.Element {
  const shown = rolloutLooks[status] ?? unknown(status);
  if (!undone) return <Badge shown={shown} />;
  const meaning = `${shown.meaning}; every node runs what it ran before`;
  return <Badge shown={{ ...shown, word: `${shown.word}, undone`, meaning }} />;
}

export function RolloutNodeBadge({ status }: { status: RolloutNodeStatus }): JSX.Element {
  return <Badge shown={rolloutNodeLooks[status] ?? unknown(status)} />;
}

const serviceTones: Readonly<Record<string, readonly [Tone, IconName]>> = {
  healthy: ['good', 'check'],
  running: ['good', 'check'],
  active: ['good', 'check'],
  starting: ['busy', 'sync'],
  unhealthy: ['bad', 'alert'],
  failed: ['bad', 'cross'],
  stopped: ['warn', 'minus'],
  used: ['quiet', 'check'],
  expired: ['quiet', 'behind'],
  revoked: ['quiet', 'cross'],
  'in use': ['good', 'check'],
  unused: ['quiet', 'minus'],
  'new value waits': ['warn', 'behind'],
  draining: ['busy', 'down'],
};

interface WordProps {
  readonly word: string;
  readonly title?: string;
  /** It was so when it was last heard of: what is so now, nobody knows. */
  readonly stale?: boolean;
}

/** A state that comes as a word: of a process, a health check, a token. */
export function WordBadge({ word, title, stale = false }: WordProps): JSX.Element {
  if (stale) return <Badge shown={look('quiet', 'behind', `was ${word}`, 'What was last known of it')} />;
  const [tone, icon] = serviceTones[word] ?? (['quiet', 'dot'] as const);
  return <Badge shown={look(tone, icon, word, title ?? word)} />;
}
