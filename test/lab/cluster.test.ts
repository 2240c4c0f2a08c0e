import type { MemberView, NodeView, RolloutView } from '@shoal/common';
import t from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import { ConsoleSession } from './console-session.js';
import { watchGossip } from './gossip-watch.js';
import type { Host } from './host.js';
import { keepControllerDown, killController, startController } from './outage.js';
import { startTraffic, type TrafficResult } from './traffic.js';

// One cluster lives through all of it, in this order.
let cluster: Cluster;
let session: ConsoleSession;

t.before(async () => {
  const start = performance.now();
  cluster = await createCluster();
  t.comment(`controller and three nodes up after ${secondsSince(start)} s`);
  session = new ConsoleSession(cluster.controller);
  await session.firstRun();
});

t.teardown(async () => {
  if (!t.passing()) t.comment(await cluster?.journals());
  await cluster?.destroy();
});

const spec = (body: string, extra = ''): string => `
cluster: shoal
services:
  web:
    blueprint: nginx
    nodes: all
    params: { port: 8080, body: "${body}"${extra} }
`;

const secondsSince = (start: number): string => ((performance.now() - start) / 1000).toFixed(1);
const urlOf = (node: Host): string => `http://${node.address}:8080/`;
const answerOf = async (node: Host): Promise<string> => (await cluster.lab.fetch(urlOf(node))).body;
const answers = (): Promise<string[]> => Promise.all(cluster.nodes.map(answerOf));

/** Which process serves, since when: it changes with every restart. */
async function serverOf(node: Host): Promise<string> {
  const shown = ['--property=MainPID', '--property=ExecMainStartTimestampMonotonic', '--property=NRestarts'];
  return (await node.exec(['systemctl', 'show', 'nginx', ...shown])).stdout;
}
const servers = (): Promise<string[]> => Promise.all(cluster.nodes.map(serverOf));

const everyNodeIs = async (status: NodeView['status']): Promise<boolean> =>
  (await cluster.ask<NodeView[]>('node', 'ls')).every((node) => node.status === status);

function sum(results: Record<string, TrafficResult>): { requests: number; failures: string[] } {
  const all = Object.entries(results);
  return {
    requests: all.reduce((total, [, result]) => total + result.requests, 0),
    failures: all.flatMap(([url, { failures }]) =>
      failures.map(({ at, reason }) => `${url} at ${new Date(at).toISOString()}: ${reason}`),
    ),
  };
}

t.test('installed from packages and joined by token, every member sees every other', async (t) => {
  const all = { controller: 'alive', node1: 'alive', node2: 'alive', node3: 'alive' };
  t.strictSame(await cluster.members(), all);
  for (const node of cluster.nodes) {
    const seen = async (): Promise<boolean> => Object.keys(await cluster.members(node)).length === 4;
    await cluster.lab.waitFor(seen, { what: `${node.name} to see all members` });
    t.strictSame(await cluster.members(node), all);
  }
});

t.test('an applied spec installs, configures and starts its service on every node', async (t) => {
  const start = performance.now();
  await cluster.apply(spec('one'), 'the first');
  t.comment(`nginx installed and serving on three nodes, one after another: ${secondsSince(start)} s`);
  t.strictSame(await answers(), ['one', 'one', 'one']);
  for (const node of cluster.nodes) {
    const { desired, running, failed, status } = await cluster.node(node);
    t.equal(status, 'ok');
    t.equal(running?.hash, desired?.hash, 'what runs is what is wanted');
    t.equal(failed, null);
  }
});

t.test('a change reaches all nodes without a restart, and no request fails', async (t) => {
  const before = await servers();
  const traffic = startTraffic(cluster.lab, cluster.nodes.map(urlOf));
  const start = performance.now();
  await cluster.apply(spec('two', ', workerConnections: 512'), 'another word and another number');
  t.comment(`changed on three nodes, one after another: ${secondsSince(start)} s`);
  t.strictSame(await answers(), ['two', 'two', 'two']);
  t.strictSame(await servers(), before);
  const { requests, failures } = sum(await traffic.stop());
  t.strictSame(failures, []);
  t.comment(`${requests} requests meanwhile, ${failures.length} failed`);
});

t.test('a configuration that nginx refuses stops at the first node, which goes on serving', async (t) => {
  const before = await servers();
  const file = 'sha256sum /etc/nginx/nginx.conf';
  const files = await Promise.all(cluster.nodes.map(async (node) => (await node.exec(file)).stdout));
  const runs = await Promise.all(cluster.nodes.map(async (node) => (await cluster.node(node)).running?.hash));
  const traffic = startTraffic(cluster.lab, cluster.nodes.map(urlOf));
  const broken = spec('three', ', extraConfig: "no_such_directive on;"');
  const { code, stdout, stderr } = await cluster.apply(broken, 'a mistake', { check: false });
  t.equal(code, 7);
  for (const named of ['on node1, service web, step config', 'unknown directive "no_such_directive"'])
    t.match(stderr, named, `the command names ${named}`);
  t.notMatch(stdout + stderr, 'node2: converging');
  t.comment(stderr.trim());

  t.strictSame(await answers(), ['two', 'two', 'two']);
  t.strictSame(await servers(), before, 'no server was restarted');
  t.strictSame(await Promise.all(cluster.nodes.map(async (node) => (await node.exec(file)).stdout)), files);
  const { failures } = sum(await traffic.stop());
  t.strictSame(failures, [], 'no request failed');

  const rollout = await cluster.ask<RolloutView>('rollout', 'status');
  t.strictSame(
    rollout.nodes.map(({ node, status }) => `${node} ${status}`),
    ['node1 failed', 'node2 untouched', 'node3 untouched'],
  );
  const [first, ...others] = await Promise.all(cluster.nodes.map((node) => cluster.node(node)));
  t.equal(first?.failed?.failure.step, 'config');
  t.match(first?.failed?.failure.output, 'unknown directive');
  t.equal(first?.running?.hash, runs[0], 'it runs what it ran');
  for (const other of others) t.match(other, { status: 'ok', failed: null });
  const shown = await session.get<NodeView>('nodes/node1');
  t.match(shown.failed?.failure, { step: 'config', output: /unknown directive "no_such_directive"/ });

  await cluster.apply(spec('three'), 'corrected');
  t.strictSame(await answers(), ['three', 'three', 'three']);
  t.ok(await everyNodeIs('ok'));
});

t.test(
  'with the controller killed all goes on, and a waiting change is applied after its return',
  async (t) => {
    const before = await servers();
    await keepControllerDown(cluster.controller);
    const gossip = watchGossip(cluster.nodes);
    const traffic = startTraffic(cluster.lab, cluster.nodes.map(urlOf));
    await cluster.controller.write('/root/cluster.yaml', spec('four', ', workerConnections: 600'));
    const commit = 'shoal apply /root/cluster.yaml --detach --reason "the next"';
    await cluster.controller.exec(`${commit} && ${killController}`);
    const killed = performance.now();

    // Long enough for the gossip to have given up the controller everywhere, so that what follows is life without it.
    const withoutController = async (): Promise<boolean> =>
      (await Promise.all(cluster.nodes.map((node) => cluster.members(node)))).every(
        (members) => members['controller'] === 'dead',
      );
    await cluster.lab.waitFor(withoutController, {
      what: 'the agents to miss the controller',
      timeoutMs: 60_000,
    });
    t.comment(`every agent knows that the controller is gone after ${secondsSince(killed)} s`);
    const expected = { controller: 'dead', node1: 'alive', node2: 'alive', node3: 'alive' };
    for (const node of cluster.nodes)
      t.strictSame(await cluster.members(node), expected, `as ${node.name} sees it`);
    t.equal((await cluster.shoal(['status'], { check: false })).code, 6);
    const waiting = await answers();
    t.strictSame(waiting.slice(1), ['three', 'three'], 'the change waits');

    const returned = performance.now();
    await startController(cluster.controller);
    const served = async (): Promise<boolean> => (await answers()).every((body) => body === 'four');
    await cluster.lab.waitFor(served, { what: 'the rollout to go on', timeoutMs: 90_000 });
    t.comment(
      `controller away for ${((returned - killed) / 1000).toFixed(1)} s; the change serves everywhere ${secondsSince(returned)} s after its return`,
    );
    await cluster.lab.waitFor(() => everyNodeIs('ok'), { what: 'all nodes to be ok' });
    t.match(await cluster.ask<RolloutView>('rollout', 'status'), { status: 'succeeded' });
    t.strictSame(await servers(), before, 'no server was restarted');
    const { requests, failures } = sum(await traffic.stop());
    t.strictSame(failures, [], 'no request failed');
    gossip.stop();
    t.strictSame(
      gossip.sightings.filter(({ member }) => member !== 'controller'),
      [],
      'no node was ever doubted',
    );
    t.comment(
      `${requests} requests meanwhile, ${failures.length} failed; looks at the gossip: ${JSON.stringify(gossip.looks)}`,
    );
  },
);

t.test('a host without power is failed for the agents, the controller and the console', async (t) => {
  const [first, second, third] = cluster.nodes as [Host, Host, Host];
  const feed = session.watch();
  t.teardown(() => feed.stop());
  await cluster.lab.waitFor(() => feed.events.length >= 3, { what: 'the event stream to begin' });
  const traffic = startTraffic(cluster.lab, [first, second].map(urlOf));
  const cut = Date.now();
  await third.powerCut();

  const told = (event: (typeof feed.events)[number]['event']): boolean =>
    event.type === 'node' && event.node.name === third.name && event.node.status === 'down';
  const down = await cluster.lab.waitFor(() => feed.events.find(({ event }) => told(event)), {
    what: 'the console to be told that the node is down',
    timeoutMs: 90_000,
  });
  const since = async (observer?: Host): Promise<number> => {
    const dead = (member: MemberView): boolean => member.name === third.name && member.state === 'dead';
    const member = await cluster.lab.waitFor(async () => (await cluster.view(observer)).find(dead), {
      what: `${observer?.name ?? 'the controller'} to see it dead`,
    });
    return member.since;
  };
  const seconds = (at: number): string => ((at - cut) / 1000).toFixed(1);
  const seen = [await since(first), await since(second), await since()];
  t.comment(`dead in the gossip after ${seen.map(seconds).join(', ')} s (node1, node2, controller)`);
  t.comment(`down for the controller and its console after ${seconds(down.at)} s`);
  t.ok(Math.max(...seen) - cut < 30_000, 'dead everywhere within 30 s');
  t.ok(down.at - cut < 60_000, 'down within 60 s');
  t.equal((await cluster.node(third)).status, 'down');
  t.match((await cluster.shoal(['node', 'ls'])).stdout, /node3.*down/);
  t.equal((await session.get<NodeView>(`nodes/${third.name}`)).status, 'down');

  await cluster.apply(spec('five', ', workerConnections: 700'), 'while one is away');
  t.strictSame(await Promise.all([first, second].map(answerOf)), ['five', 'five']);
  t.match((await cluster.ask<RolloutView>('rollout', 'status')).nodes.at(-1), {
    node: third.name,
    status: 'offline',
  });
  const { requests, failures } = sum(await traffic.stop());
  t.strictSame(failures, [], 'no request to the others failed');
  t.comment(`${requests} requests to the others meanwhile, ${failures.length} failed`);
});

t.test('with its power back the host rejoins by itself and serves what was applied without it', async (t) => {
  const [, , third] = cluster.nodes as [Host, Host, Host];
  const others = await Promise.all(cluster.nodes.slice(0, 2).map(serverOf));
  const start = performance.now();
  await third.boot();
  t.comment(`booted in ${secondsSince(start)} s`);
  const serves = async (): Promise<string> => await answerOf(third);
  t.comment(
    `serves "${await cluster.lab.waitFor(serves, { what: 'it to serve' })}" after ${secondsSince(start)} s`,
  );
  await cluster.lab.waitFor(async () => (await serves()) === 'five', {
    what: 'it to serve what was applied while it was away',
    timeoutMs: 60_000,
  });
  t.comment(`serves the change after ${secondsSince(start)} s`);
  await cluster.lab.waitFor(() => everyNodeIs('ok'), { what: 'all nodes to be ok', timeoutMs: 60_000 });
  t.comment(`ok after ${secondsSince(start)} s`);
  const all = { controller: 'alive', node1: 'alive', node2: 'alive', node3: 'alive' };
  for (const observer of [undefined, ...cluster.nodes]) {
    await cluster.lab.waitFor(
      async () => Object.values(await cluster.members(observer)).every((s) => s === 'alive'),
      {
        what: `${observer?.name ?? 'the controller'} to see it alive`,
      },
    );
    t.strictSame(await cluster.members(observer), all);
  }
  t.strictSame(
    await Promise.all(cluster.nodes.slice(0, 2).map(serverOf)),
    others,
    'the others were left alone',
  );
});

t.test('a broken link between two agents gets neither of them declared failed', async (t) => {
  const [first, second] = cluster.nodes as [Host, Host];
  const feed = session.watch();
  t.teardown(() => feed.stop());
  await cluster.lab.waitFor(() => feed.events.length >= 3, { what: 'the event stream to begin' });
  const told = feed.events.length;
  const gossip = watchGossip(cluster.nodes);
  t.teardown(() => gossip.stop());
  const start = performance.now();
  await cluster.lab.cut(first, second);
  await t.rejects(first.exec(['ping', '-c', '1', '-W', '1', second.address]), 'the link is broken');
  await cluster.lab.waitFor(() => performance.now() - start >= 25_000, { what: '25 s to pass' });
  t.comment(`cut for ${secondsSince(start)} s; looks at the gossip: ${JSON.stringify(gossip.looks)}`);
  t.strictSame(
    gossip.sightings.filter(({ state }) => state !== 'suspect'),
    [],
    'nobody is declared failed',
  );
  t.comment(`suspicions: ${JSON.stringify(gossip.sightings)}`);
  const since = feed.events.slice(told).map(({ event }) => event);
  t.strictSame(
    since.filter((event) => event.type === 'member' && !['alive', 'suspect'].includes(event.member.state)),
    [],
  );
  t.strictSame(
    since.filter((event) => event.type === 'node' && event.node.status !== 'ok'),
    [],
  );
  t.ok(await everyNodeIs('ok'));
  await cluster.lab.heal();
  await first.exec(['ping', '-c', '1', '-W', '1', second.address]);
});

t.test('a cluster in two halves becomes one again by itself', async (t) => {
  const [first, second, third] = cluster.nodes as [Host, Host, Host];
  const before = await servers();
  const halves = [
    [cluster.controller, first],
    [second, third],
  ] as const;
  for (const here of halves[0]) {
    for (const there of halves[1]) await cluster.lab.cut(here, there);
  }
  const start = performance.now();
  const parted = async (): Promise<boolean> => {
    const [left, right] = await Promise.all([cluster.members(first), cluster.members(second)]);
    const gone = [left[second.name], left[third.name], right['controller'], right[first.name]];
    return gone.every((state) => state === 'dead');
  };
  await cluster.lab.waitFor(parted, { what: 'each half to give up the other', timeoutMs: 60_000 });
  t.comment(`each half has given up the other after ${secondsSince(start)} s`);
  t.strictSame(await answers(), ['five', 'five', 'five'], 'both serve');
  await cluster.lab.heal();
  const healed = performance.now();
  for (const observer of [undefined, ...cluster.nodes]) {
    const whole = async (): Promise<boolean> =>
      Object.values(await cluster.members(observer)).every((state) => state === 'alive');
    await cluster.lab.waitFor(whole, { what: `${observer?.name ?? 'the controller'} to see all alive` });
  }
  t.comment(`one cluster again ${secondsSince(healed)} s after the links are back`);
  await cluster.lab.waitFor(() => everyNodeIs('ok'), { what: 'all nodes to be ok', timeoutMs: 60_000 });
  t.comment(`all nodes ok after ${secondsSince(healed)} s`);
  t.strictSame(await servers(), before, 'no server was restarted');
});
