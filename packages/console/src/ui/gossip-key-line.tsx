import type { GossipKeyRotationView, GossipKeyWait } from '@shoal/common';
import type { JSX } from 'preact';
import { count } from '../lib/format.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Time } from './text.js';

const stages: Readonly<Record<GossipKeyRotationView['stage'], string>> = {
  installing: 'hold the new key',
  using: 'use the new key',
  removing: 'forgot the old key',
  done: 'are done',
  aborted: 'were ready',
};

const waits: Readonly<Record<GossipKeyWait, string>> = {
  away: 'away',
  silent: 'doesn’t report its keys',
  'lacks-new': 'lacks the new key',
  'uses-old': 'uses the old key',
  'holds-old': 'holds the old key',
};

/** Which key the gossip is encrypted with, and how far its rotation is; nothing without encryption. */
export function GossipKeyLine(): JSX.Element | null {
  const view = useStore(cluster, (state) => state.gossipKeys);
  const primary = view?.keys.find((key) => key.state === 'primary');
  if (view == null || primary === undefined) return null;
  const { rotation } = view;
  return (
    <p class="hint">
      Gossip key <code>{primary.fingerprint}</code>, used by {primary.usedBy} of{' '}
      {count(view.members, 'member')} since <Time at={primary.primarySince} />.
      {rotation !== null && rotation.endedAt === null && <Progress rotation={rotation} />}
    </p>
  );
}

function Progress({ rotation }: { rotation: GossipKeyRotationView }): JSX.Element {
  const { stage, ready, members, to, waitingFor } = rotation;
  const named = waitingFor.slice(0, 3).map(({ member, why }) => `${member} (${waits[why]})`);
  return (
    <>
      {' '}
      Rotating to <code>{to}</code>, {stage}: {ready} of {members} {stages[stage]}
      {named.length > 0 && <>; waiting for {named.join(', ')}</>}
      {waitingFor.length > named.length && ' and others'}.
    </>
  );
}
