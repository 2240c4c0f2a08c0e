import { test } from 'tap';
import { waitFor } from '../lab/wait-for.js';
import { Cast } from './cast.js';
import { memberlistPrograms } from './memberlist-program.js';
import { MixedCluster } from './mixed-cluster.js';
import type { Peer } from './peer.js';
import { serfMissing } from './serf-agent.js';
import { SplitNetwork, splitImpossible } from './split-network.js';

/*
 * A network splits into a side with nodes of ours and one without, for so long that memberlist forgets the other side.
 * When it is whole again, our nodes bring the sides together, which memberlist alone never would.
 */

const programs = memberlistPrograms();
const skip = typeof programs === 'string' ? programs : splitImpossible || serfMissing;

/** memberlist forgets nodes that have been dead for this long. */
const FORGET_MS = 8000;

test('a cluster split for long becomes one again', { skip, timeout: 240_000 }, async (t) => {
  if (typeof programs === 'string') return;
  const network = await SplitNetwork.create(t, '10.213.7', { left: [1, 2, 3], right: [4, 5] });
  const cast = new Cast(t, {
    label: 'split',
    network: '10.213.7',
    driven: { delegateVersions: [2, 5, 5], gossipToTheDeadMs: FORGET_MS, rejoinIntervalMs: 4000 },
    namespace: (host) => network.namespace(host <= 3 ? 'left' : 'right'),
  });
  const left = [cast.shoal('shoal-1'), cast.shoal('shoal-2'), cast.memberlist('newer', programs.newer)];
  const right = [cast.memberlist('older', programs.older), cast.serf('serf')];
  const cluster = new MixedCluster(t, 'split');
  const tags = { split: 'no' };
  const start = (roles: typeof left | typeof right): Promise<Peer[]> =>
    Promise.all(roles.map((role) => role.start(tags)));
  const [lefts, rights] = await Promise.all([start(left), start(right)]);
  const [first] = lefts;
  for (const peer of [...lefts, ...rights]) {
    if (first && peer !== first) await peer.join(first.address);
    cluster.add(peer, tags);
  }
  await cluster.agree('joined');

  await network.connect(false);
  await cluster.agreeApart('split', [lefts, rights]);
  const forgotten = async (): Promise<boolean> => {
    const programs = [...lefts, ...rights].filter(({ kind }) => kind === 'memberlist');
    const views = await Promise.all(programs.map((peer) => peer.view()));
    return views.every((view) => [...view.values()].every(({ state }) => state === 'alive'));
  };
  await waitFor(forgotten, { what: "memberlist's programs to forget the other side", timeoutMs: 60_000 });

  const healed = performance.now();
  await network.connect(true);
  await cluster.agree('whole again');
  t.comment(`all agree ${((performance.now() - healed) / 1000).toFixed(1)} s after the network is whole`);
  cluster.judgeLogs();
});
