import type { GossipKeyRotationView, GossipKeyWait } from '@shoal/common';
import type { JSX } from 'preact';
import { count } from '../lib/format.js';
import { rotationState } from '../lib/gossip-keys.js';
import { clock } from '../state/clock.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Notice } from './notice.js';
import { Lasting, Time } from './text.js';

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

/** Which key the gossip is encrypted with, or how far its rotation is; nothing without encryption. */
export function GossipKeyLine(): JSX.Element | null {
  const view = useStore(cluster, (state) => state.gossipKeys);
  const now = useStore(clock);
  const primary = view?.keys.find((key) => key.state === 'primary');
  if (view == null || primary === undefined) return null;
  const state = rotationState(view, now);
  if (state.kind === 'running')
    return state.isStuck ? <Stuck rotation={state.rotation} /> : <Running rotation={state.rotation} />;
  const { others } = state;
  return (
    <p class="hint">
      Gossip key <code>{primary.fingerprint}</code>, used by {primary.usedBy} of{' '}
      {count(view.members, 'member')}
      {primary.primarySince !== null && (
        <>
          {' '}
          <Lasting since={primary.primarySince} />
        </>
      )}
      .
      {state.kind === 'aborted' && (
        <>
          {' '}
          Its rotation was aborted <Time at={state.at} />:
        </>
      )}
      {others.length > 0 && (
        <>
          {' '}
          {others.length + 1} keys are installed, also <code>{others.join(', ')}</code>.
        </>
      )}
    </p>
  );
}

function progress({ stage, ready, members }: GossipKeyRotationView): string {
  return `${stage}: ${ready} of ${count(members, 'member')} ${stages[stage]}`;
}

function waitedFor({ waitingFor }: GossipKeyRotationView): string {
  const named = waitingFor.slice(0, 3).map(({ member, why }) => `${member} (${waits[why]})`);
  return named.join(', ') + (waitingFor.length > named.length ? ' and others' : '');
}

function Running({ rotation }: { rotation: GossipKeyRotationView }): JSX.Element {
  const { from, to, startedAt, waitingFor } = rotation;
  return (
    <p class="hint">
      Rotating the gossip key from <code>{from}</code> to <code>{to}</code> <Lasting since={startedAt} />,{' '}
      {progress(rotation)}
      {waitingFor.length > 0 && <>; waiting for {waitedFor(rotation)}</>}.
    </p>
  );
}

/** Nothing but a person brings it on: what can be done is said. */
function Stuck({ rotation }: { rotation: GossipKeyRotationView }): JSX.Element {
  const { from, to, startedAt, waitingFor } = rotation;
  const absent =
    waitingFor.find(({ why }) => why === 'away') ?? waitingFor.find(({ why }) => why === 'silent');
  const title = (
    <>
      The rotation of the gossip key from <code>{from}</code> to <code>{to}</code> waits for{' '}
      {waitedFor(rotation)}
    </>
  );
  return (
    <Notice tone="warn" title={title}>
      <p>
        It has been under way <Lasting since={startedAt} />, {progress(rotation)}.{' '}
        {absent === undefined ? (
          'The log of the node’s agent says why.'
        ) : (
          <>
            To go on without {absent.member}: <code>shoal gossip-key ignore {absent.member}</code>
          </>
        )}
      </p>
    </Notice>
  );
}
