import type { LicenseView, NodeLeaseView, NodeView } from '@shoal/common';
import type { JSX } from 'preact';
import { count } from '../lib/format.js';
import { isLapsed, leaseLeft } from '../lib/license-words.js';
import { absoluteTime } from '../lib/time.js';
import { clock } from '../state/clock.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Notice } from '../ui/notice.js';
import { Badge, type Look, look, WordBadge } from '../ui/status.js';

const licenseLooks: Readonly<Record<LicenseView['status'], Look>> = {
  active: look('good', 'check', 'active', 'It counts'),
  expiring: look('warn', 'behind', 'ends soon', 'It counts, and ends soon: install its successor'),
  grace: look('bad', 'alert', 'in grace', 'It has ended and still counts for a while'),
  expired: look('bad', 'cross', 'expired', 'It has ended: the free tier counts'),
  'not-yet-valid': look('warn', 'behind', 'not valid yet', 'It doesn’t count yet'),
  refused: look('bad', 'cross', 'refused', 'None of the licenses counts: the free tier does'),
  none: look('quiet', 'dot', 'no license', 'The free tier counts'),
};

const leaseLooks: Readonly<Record<NodeLeaseView['state'], Look>> = {
  active: look('good', 'check', 'active', 'The node holds a lease of the cluster’s license'),
  warning: look('warn', 'behind', 'warning', 'Less than half of its term is left, or the license ends soon'),
  expired: look('bad', 'alert', 'expired', 'It has ended; what it grants is kept for a while'),
  degraded: look(
    'bad',
    'down',
    'degraded',
    'Free limits, out of the gossip, no new configuration; services go on',
  ),
  restored: look('busy', 'sync', 'restored', 'The lease is back; what was degraded is taken back'),
};

/** A lease that is in order, but of the free tier, since the license is over or refused. */
const lapsedLook: Look = look(
  'warn',
  'behind',
  'free tier',
  'A lease of the free tier: the license doesn’t count',
);

/** How the license stands. */
export function LicenseBadge({ status }: { status: LicenseView['status'] }): JSX.Element {
  return <Badge shown={licenseLooks[status]} />;
}

/** How a node's lease stands, or stood when it was last heard of, and how long it lasts; when it ends exactly on hover. */
export function Lease({
  node: { lease, connected },
}: {
  node: Pick<NodeView, 'lease' | 'connected'>;
}): JSX.Element {
  const now = useStore(clock);
  const lapsed = useLapsed();
  if (lease === null) return <span class="muted">–</span>;
  const left = leaseLeft(lease, now);
  const { tier, state, expiresAt } = lease;
  return (
    <span class="lease">
      {connected ? <Badge shown={leaseLook(lease, lapsed)} /> : <WordBadge word={state} stale />}
      <span class="hint" title={expiresAt === null ? tier : `${tier}, ends ${absoluteTime(expiresAt)}`}>
        {left ?? 'no lease'}
      </span>
    </span>
  );
}

function leaseLook({ tier, state }: NodeLeaseView, lapsed: boolean): Look {
  return lapsed && state === 'active' && tier === 'free' ? lapsedLook : leaseLooks[state];
}

function useLapsed(): boolean {
  return useStore(cluster, ({ status }) => status !== null && isLapsed(status.license));
}

/** How many leases stand how. */
export function LeaseCounts({ nodes }: { nodes: readonly Pick<NodeView, 'lease'>[] }): JSX.Element {
  const lapsed = useLapsed();
  const looks = nodes.flatMap(({ lease }) => (lease === null ? [] : [leaseLook(lease, lapsed)]));
  const states = [...Object.values(leaseLooks), lapsedLook].flatMap((shown) => {
    const number = looks.filter((one) => one === shown).length;
    return number === 0 ? [] : [{ ...shown, word: `${number} ${shown.word}` }];
  });
  const silent = nodes.filter(({ lease }) => lease === null).length;
  return (
    <p class="leases">
      {states.map((shown) => (
        <Badge key={shown.word} shown={shown} />
      ))}
      {silent > 0 && <span class="muted">{count(silent, 'node')} didn’t tell yet</span>}
    </p>
  );
}

/** Says on a node's page that its lease has ended, and what that means. */
export function LeaseNotice({ node: { lease } }: { node: Pick<NodeView, 'lease'> }): JSX.Element | null {
  if (lease === null || (lease.state !== 'expired' && lease.state !== 'degraded')) return null;
  return (
    <Notice tone="bad" title={lease.state === 'expired' ? 'The lease has ended.' : 'The node runs degraded.'}>
      <p>
        {leaseLooks[lease.state].meaning}. With the controller in reach and a valid license it is restored
        within seconds.
      </p>
    </Notice>
  );
}
