import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import { type Sighting, watchGossip } from './gossip-watch.js';
import type { Host } from './host.js';
import { addProbe, probePort, probeSpec } from './probe-service.js';
import { startTraffic } from './traffic.js';

/** Long enough that the protocol has dropped the nodes on the other side, and only the search for lost peers can bring them back. */
const splitMs = 180_000;

let cluster: Cluster;

t.before(async () => {
  cluster = await createCluster({ nodes: ['node1', 'node2', 'node3', 'node4'] });
  await addProbe(cluster);
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

const secondsSince = (start: number): string => ((performance.now() - start) / 1000).toFixed(1);

/** Waits until every host's own view of every member is what `expected` says. */
async function allSee(
  expected: (observer: Host, member: string) => string,
  what: string,
  timeoutMs: number,
): Promise<void> {
  for (const observer of cluster.lab.hosts) {
    const agreed = async (): Promise<boolean> => {
      const view = await cluster.members(observer === cluster.controller ? undefined : observer);
      return cluster.lab.hosts.every(({ name }) => view[name] === expected(observer, name));
    };
    await cluster.lab.waitFor(agreed, { what: `${what}, seen by ${observer.name}`, timeoutMs });
  }
}

t.test('five hosts, split three to two for three minutes, are one cluster again by themselves', async (t) => {
  const applied = await cluster.apply(probeSpec({ word: 'one' }), 'before the split', { check: false });
  t.equal(applied.code, 0, applied.stderr);
  const [node1, node2, node3, node4] = cluster.nodes as [Host, Host, Host, Host];
  const three = [cluster.controller, node1, node2];
  const two = [node3, node4];
  const sideOf = (name: string): number => Number(two.some((host) => host.name === name));

  const traffic = startTraffic(
    cluster.lab,
    cluster.nodes.map((node) => `http://${node.address}:${probePort}/`),
  );
  const watch = watchGossip(cluster.nodes);
  for (const here of three) for (const there of two) await cluster.lab.cut(here, there);
  const cut = performance.now();
  await allSee(
    (observer, member) => (sideOf(observer.name) === sideOf(member) ? 'alive' : 'dead'),
    'the other side is given up',
    60_000,
  );
  t.comment(`each side has given up the other ${secondsSince(cut)} s after the cut`);
  await pause(splitMs - (performance.now() - cut));

  await cluster.lab.heal();
  const healed = performance.now();
  await allSee(() => 'alive', 'one cluster', 120_000);
  t.comment(
    `cut for ${Math.round(splitMs / 1000)} s; one cluster again ${secondsSince(healed)} s after the links are back`,
  );
  watch.stop();
  const within = watch.sightings.filter((s: Sighting) => sideOf(s.observer) === sideOf(s.member));
  t.strictSame(within, [], 'nobody doubted a node on its own side');
  t.ok(cluster.nodes.every((node) => (watch.looks[node.name] ?? 0) > 100));

  const ok = async (): Promise<boolean> =>
    (await Promise.all(cluster.nodes.map((node) => cluster.node(node)))).every(
      (node) => node.status === 'ok',
    );
  await cluster.lab.waitFor(ok, { what: 'all nodes to be ok', timeoutMs: 60_000 });
  t.comment(`all nodes ok after ${secondsSince(healed)} s`);
  const results = Object.values(await traffic.stop());
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  t.strictSame(
    results.flatMap((result) => result.failures),
    [],
    'the services answered all along',
  );
  t.comment(`${requests} requests meanwhile, 0 failed`);
});
