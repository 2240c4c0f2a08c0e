import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Cluster, createCluster } from './cluster.js';
import type { Host } from './host.js';
import { describeLoad, type LoadReport, startLabLoad } from './load.js';

// The controller goes away for longer than leases last: services go on, nodes warn, degrade together, and come back by
// themselves. And a license's sites.

/** Below the free tier's 100 requests a second, on each of the nodes. */
const belowLimit = 60;
const aboveLimit = 300;
/** Term of a lease; a seventh of it comes as grace. */
const termMs = 60_000;

const spec = `
cluster: shoal
services:
  gateway:
    blueprint: nginx
    nodes: [gw1, gw2]
    params: { port: 8080, body: served }
  balancer:
    blueprint: haproxy
    nodes: [lb1]
    needs: [gateway]
    params: { service: gateway, port: 8080, listenPort: 8000 }
`;

const mix = [{ path: '/', expect: '^served$' }];

/** What an agent says of its lease. */
interface LeaseStatus {
  readonly state: string;
  readonly tier: string;
  readonly detail: string;
}

async function lease(node: Host): Promise<LeaseStatus> {
  const { stdout } = await node.exec(['shoal', 'status', '--local', '--json']);
  return (JSON.parse(stdout) as { lease: LeaseStatus }).lease;
}

/** Asks for more than the free tier allows; how many answers a second were right. */
async function measure(cluster: Cluster, target: string): Promise<{ served: number; report: LoadReport }> {
  const load = startLabLoad(cluster.lab, {
    targets: [target],
    requestsPerSecond: aboveLimit,
    mix,
    fresh: 0,
    connections: 10,
  });
  await delay(10_000);
  const report = await load.stop();
  return { served: (report.requests - report.strictFailures) / report.seconds, report };
}

t.test('leases end while the controller is away, and all comes back with it', async (t) => {
  const cluster = await createCluster({
    nodes: ['lb1', 'gw1', 'gw2', 'watcher'],
    license: { tier: 'premium' },
  });
  t.teardown(async () => {
    if (!t.passing()) t.comment(await cluster.journals());
    await cluster.destroy();
  });
  const { lab, controller } = cluster;
  const nodes = cluster.nodes.slice(0, 3);
  const [balancer, gateway] = nodes as [Host, Host];
  const watcher = lab.host('watcher');
  await cluster.apply(spec, 'gateways behind a balancer');
  // It keeps its lease of a week, stays in the gossip, and sees who leaves.
  await lab.cut(controller, watcher);
  await controller.exec(`echo 'leaseTtl: ${termMs / 1000}s' >> /etc/shoal/controller.yaml`);
  await controller.powerCut();
  await controller.boot();
  const shortLeases = async (): Promise<boolean> => {
    const views = await Promise.all(nodes.map((node) => cluster.node(node)));
    const until = Date.now() + 2 * termMs;
    return views.every(({ lease: held }) => held?.tier === 'premium' && (held.expiresAt ?? until) < until);
  };
  await lab.waitFor(shortLeases, { what: 'leases of a minute', timeoutMs: 60_000 });
  const free = await measure(cluster, `http://${gateway.address}:8080`);
  t.equal(free.report.strictFailures, 0, 'the license limits nothing');
  t.comment(`with a lease: ${free.served.toFixed(0)} of ${aboveLimit} requests/s served`);

  const below = { targets: [`http://${balancer.address}:8000`], requestsPerSecond: belowLimit, mix };
  const steady = startLabLoad(lab, below);
  await controller.powerCut();
  await lab.heal(controller, watcher);
  const cutAt = Date.now();
  const states = await watchEnd(cluster, nodes);
  for (const [node, seen] of states) {
    const told = [...seen].map(([state, at]) => `${state} after ${((at - cutAt) / 1000).toFixed(0)} s`);
    t.comment(`${node}: ${told.join(', ')}`);
    t.ok(seen.has('warning') && seen.has('expired') && seen.has('degraded'), `${node} warned before`);
  }
  const left = async (): Promise<boolean> => {
    const members = await cluster.members(watcher);
    return nodes.every(({ name }) => members[name] === 'left');
  };
  await lab.waitFor(left, { what: 'a peer to see that all of them left' });
  for (const node of nodes) {
    t.match(await lease(node), { tier: 'free', detail: /limits of the free tier apply/ });
    const { stdout: atAGlance } = await node.exec(['shoal', 'status', '--local']);
    t.match(atAGlance, /^controller .* not connected.*^lease {7}degraded, ended .*^pools {7}frozen/ms);
    await lab.waitFor(async () => Object.keys(await cluster.members(node)).length === 0, {
      what: `${node.name} to leave the gossip`,
    });
  }
  const members = await balancer.read('/etc/haproxy/shoal-members.cfg');
  for (const { address } of nodes.slice(1)) t.match(members, address, 'the pool is what it was');
  await delay(10_000);
  tell(t, 'through the end of all leases', await steady.stop());

  const limited = await measure(cluster, `http://${gateway.address}:8080`);
  t.comment(`without a lease: ${limited.served.toFixed(0)} of ${aboveLimit} requests/s served`);
  t.ok(limited.served > 90 && limited.served < 118, 'the free tier allows a hundred');
  t.ok(
    limited.report.failures.every(({ reason }) => reason === 'status 429'),
    'the others are told so',
  );

  const returning = startLabLoad(lab, below);
  await controller.boot();
  const answers = async (): Promise<boolean> =>
    (await cluster.shoal(['status'], { check: false })).code === 0;
  await lab.waitFor(answers, { what: 'the controller', timeoutMs: 60_000, intervalMs: 100 });
  const backAt = Date.now();
  await lab.waitFor(async () => isBack(cluster), { what: 'all nodes to be back', timeoutMs: 60_000 });
  const seconds = (Date.now() - backAt) / 1000;
  t.comment(`all active, members, and without limits ${seconds.toFixed(1)} s after the controller answers`);
  t.ok(seconds < 10, 'all are back within ten seconds');
  const refusals = new RegExp(`node ${gateway.name}: gateway refused \\d+ of \\d+ requests/s`);
  await lab.waitFor(async () => refusals.test((await cluster.shoal(['status'])).stdout), {
    what: 'a warning of what the limit refused',
    timeoutMs: 30_000,
  });
  await delay(5_000);
  tell(t, 'through their return', await returning.stop());
  const lifted = await measure(cluster, `http://${gateway.address}:8080`);
  t.equal(lifted.report.strictFailures, 0, 'the limits are lifted');
});

/** Waits until these nodes are degraded. When each was seen in which state. */
async function watchEnd(
  cluster: Cluster,
  nodes: readonly Host[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> {
  const states = new Map(nodes.map(({ name }) => [name, new Map<string, number>()]));
  const look = async (node: Host): Promise<boolean> => {
    const { state } = await lease(node);
    const known = states.get(node.name);
    if (known?.has(state) === false) known.set(state, Date.now());
    return state === 'degraded';
  };
  await cluster.lab.waitFor(async () => (await Promise.all(nodes.map(look))).every(Boolean), {
    what: 'all leases to end',
    timeoutMs: 4 * termMs,
  });
  return states;
}

async function isBack(cluster: Cluster): Promise<boolean> {
  for (const node of cluster.nodes) {
    if ((await lease(node)).state !== 'active') return false;
    const members = await cluster.members(node);
    if (Object.values(members).filter((state) => state === 'alive').length !== 5) return false;
  }
  for (const gateway of cluster.nodes.slice(1, 3)) {
    const { stdout } = await gateway.exec('grep -c limit_req /etc/nginx/nginx.conf', { check: false });
    if (stdout.trim() !== '0') return false;
  }
  return true;
}

function tell(t: Test, what: string, report: LoadReport): void {
  t.comment(`${what}: ${describeLoad(report).replaceAll('\n', '\n# ')}`);
  t.equal(report.standardFailures, 0, `no request below the limit failed ${what}`);
}

t.test('a license counts sites, and a larger one lets the next in', async (t) => {
  const cluster = await createCluster({ nodes: ['a1', 'b1', 'c1'], license: { tier: 'e-commerce' } });
  t.teardown(async () => {
    if (!t.passing()) t.comment(await cluster.journals());
    await cluster.destroy();
  });
  const [, second, third] = cluster.nodes as [Host, Host, Host];
  await moveTo(cluster, second, 'berlin');
  await cluster.lab.waitFor(async () => (await cluster.node(second)).connected, { what: 'the second site' });
  await moveTo(cluster, third, 'paris');
  const journal = async (): Promise<string> =>
    (await third.exec('journalctl -u shoal-agent -n 20 -o cat --no-pager')).stdout;
  const refusal = await cluster.lab.waitFor(
    async () => /[^:]* allows 2 sites, in use: [a-z, ]*/.exec(await journal())?.[0],
    { what: 'the refusal', timeoutMs: 60_000 },
  );
  t.comment(`the third site: ${refusal}`);
  const names = (await cluster.ask<{ name: string }[]>('node', 'ls')).map(({ name }) => name);
  t.strictSame(names.sort(), ['a1', 'b1']);
  await cluster.license({ tier: 'premium' });
  await cluster.lab.waitFor(async () => (await cluster.node(third)).connected, {
    what: 'the third site with the larger license',
    timeoutMs: 120_000,
  });
});

/** Enrols a node anew, as of another site. */
async function moveTo(cluster: Cluster, node: Host, site: string): Promise<void> {
  await cluster.shoal(['node', 'rm', node.name]);
  await node.exec('systemctl stop shoal-agent');
  const token = (await cluster.shoal(['token', 'create'])).stdout.trim();
  const { name } = cluster.controller;
  const config = `node: { site: ${site} }\ncluster:\n  controller: ${name}:9898\n  token: ${token}\n`;
  await node.write('/etc/shoal/agent.yaml', config, 0o600);
  await node.exec('systemctl start shoal-agent');
}
