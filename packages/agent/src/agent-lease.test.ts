import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createLogger, ShoalError } from '@shoal/common';
import { Gossip } from '@shoal/gossip';
import t, { type Test } from 'tap';
import { manifest, world } from './agent.test.support.js';
import { waitFor } from './testing/wait.js';

const paid = { tier: 'premium', limits: { requestsPerSecond: 100 } };
const free = { tier: 'free', limits: { requestsPerSecond: 100 } };

/** Another node, as the agent's gossip and templates see it. */
async function peer(t: Test, host: string, seed: string): Promise<Gossip> {
  const gossip = await Gossip.start({
    name: 'node-2',
    bind: { host, port: 0 },
    profile: 'local',
    tags: { role: 'agent', svc: 'web:h', lease: 'a1' },
    logger: createLogger({ name: 'peer', level: 'silent' }),
  });
  t.teardown(() => gossip.stop());
  await gossip.join([seed]);
  return gossip;
}

t.test(
  'a node whose lease ends leaves the gossip, keeps its members, and comes back by contact',
  async (t) => {
    const { host, controller, log, start } = await world(t);
    const now = Date.now();
    controller.firstLease = { issuedAt: now, expiresAt: now + 8000, graceMs: 500 };
    const { agent, facts, converger } = await start();
    const names = () =>
      facts()
        .members.map(({ name }) => name)
        .join();
    await waitFor('the gossip', () => agent.status().lease.state === 'active');
    await waitFor('the address', () => !facts().node.address.endsWith(':0'));
    const other = await peer(t, host, await gossipAddress(controller));
    const seen = () => other.members().find(({ name }) => name === 'node-1');
    await waitFor('two members', () => names() === 'node-1,node-2' && seen()?.state === 'alive');
    t.strictSame(facts().lease, { ...paid, limits: { rps: 100 } });
    controller.down();
    await waitFor('the end', () => agent.status().lease.state === 'degraded');
    t.strictSame(facts().lease, free);
    await waitFor('the leave', () => seen()?.state === 'left');
    t.match(seen()?.tags, { tier: 'free', lease: /^d/ }, 'peers know why it left');
    t.equal(names(), 'node-1,node-2', 'pools are as they were');
    t.equal(facts().membersFrozen, true, 'and known to be');
    t.equal(facts().members[1]?.tags['svc'], 'web:h');
    await other.stop();
    t.equal(converger.stopped, false, 'services go on');

    await agent.stop();
    const again = await start();
    t.equal(again.agent.status().lease.state, 'degraded', 'also after a restart');
    t.strictSame(
      again.facts().members.map(({ name }) => name),
      ['node-1', 'node-2'],
    );
    t.strictSame(again.agent.status().mode, 'clustered');

    controller.offer = controller.offerOf(manifest({ revision: 7 }));
    await controller.up();
    const failed = () => controller.messages.find(({ report }) => report?.failedRevision === 7)?.report;
    await waitFor('the refusal', failed);
    t.match(failed(), {
      failure: { step: 'lease', message: /takes no new manifests while it has no lease/, untouched: true },
      lease: { state: 'degraded', tier: 'free' },
    });
    t.equal(again.converger.offers.length, 0);
    t.equal(again.agent.status().cluster?.link, 'connected', 'the link goes on');

    const contact = Date.now();
    controller.send({ lease: controller.lease() });
    await waitFor('the offer', () => again.converger.offers.length === 1, 10_000);
    await waitFor('all of it', () => again.agent.status().lease.state === 'restored', 10_000);
    t.strictSame(again.facts().lease.tier, 'premium');
    await waitFor('the report', () => controller.messages.at(-1)?.report?.failedHash === '');
    await waitFor('the gossip', () => log.filter((line) => line.includes('gossip started')).length === 2);
    await waitFor('active', () => again.agent.status().lease.state === 'active', 10_000);
    t.ok(Date.now() - contact < 10_000);
  },
);

t.test('an agent whose lease ended while it was off keeps the members that it knew', async (t) => {
  const { host, controller, start } = await world(t);
  const { agent, facts } = await start();
  const names = (seen: typeof facts) =>
    seen()
      .members.map(({ name }) => name)
      .join();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  const other = await peer(t, host, await gossipAddress(controller));
  await waitFor('two members', () => names(facts) === 'node-1,node-2');
  const last = { serial: Date.now() + 1000, expiresAt: Date.now() + 1000 };
  controller.send({ lease: controller.lease(last) });
  await waitFor('the last lease', () => agent.status().lease.serial === last.serial);
  controller.down();
  await agent.stop();
  await other.stop();
  await waitFor('the end of the lease', () => Date.now() > last.expiresAt);
  const again = await start();
  t.equal(again.agent.status().lease.state, 'degraded');
  t.equal(names(again.facts), 'node-1,node-2');
});

t.test('one edit of agent.yaml leads out of the cluster, and one back into it', async (t) => {
  const { controller, dataDir, host, start } = await world(t);
  const spec = join(dirname(dataDir), 'local.yaml');
  await writeFile(spec, 'cluster: local\nservices: {}\n');
  const alone = `standalone: { spec: ${spec} }\n`;
  const inCluster = `${alone}cluster: { controller: "${controller.address}", token: "${controller.token}" }\n`;
  const left = (dir: string) => readdir(dataDir).then((names) => !names.includes(dir));
  const first = await start({}, inCluster);
  await waitFor('the lease', () => first.agent.status().lease.state === 'active');
  const other = await peer(t, host, await gossipAddress(controller));
  const seen = () => other.members().find(({ name }) => name === 'node-1')?.state;
  await waitFor('the gossip', () => seen() === 'alive');
  controller.send({ offer: controller.offerOf(manifest({ revision: 3 })) });
  await waitFor('the revision of the cluster', () => first.converger.offers.length === 1);
  await first.agent.stop();
  await waitFor('the leave', () => seen() === 'left');

  const second = await start({}, alone);
  t.match(second.agent.status(), {
    ...{ mode: 'standalone', cluster: null, members: null, tier: 'free' },
    lease: { state: 'degraded', tier: 'free', limits: free.limits, expiresAt: null, warnings: [] },
  });
  t.strictSame(second.facts().lease, free, 'what a degraded node renders');
  await waitFor('the local spec', () => second.converger.offers.length === 1);
  t.strictSame(second.agent.status().problems, []);
  t.equal(second.converger.offers[0]?.manifest.clusterId, 'standalone');
  t.ok((await left('identity.json')) && (await left('spool')));
  await second.agent.stop();

  // As a controller that knows the name by another request does.
  controller.refuse = new ShoalError('already_exists', 'a node named "node-1" is enrolled already');
  controller.welcomeLease = {};
  const third = await start({}, inCluster);
  await waitFor('the lease', () => third.agent.status().lease.state === 'active');
  t.match(third.agent.status(), { mode: 'clustered', tier: 'premium' });
  t.equal(controller.enrolled.length, 1, 'by the identity that it had');
  await waitFor('the gossip', () => third.agent.status().members !== null);
  await waitFor('the link', () => third.agent.status().cluster?.link === 'connected');
  controller.send({ offer: controller.offerOf(manifest({ revision: 4 })) });
  await waitFor('the next revision', () => third.converger.offers.length === 1);
  t.equal(third.converger.offers[0]?.manifest.revision, 4);
});

t.test('a lease that is refused is told to the controller', async (t) => {
  const { controller, start } = await world(t);
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  controller.send({ lease: controller.lease({ serial: 3 }) });
  const detail = () => controller.messages.findLast(({ report }) => report?.lease)?.report?.lease?.detail;
  await waitFor('the report', () => /was refused: lease 3 is no newer than lease/.test(detail() ?? ''));
  t.equal(agent.status().lease.state, 'active');
});

t.test('dials at once for a lease that ends while the link stands', async (t) => {
  const { controller, start } = await world(t);
  const now = Date.now();
  controller.firstLease = { issuedAt: now, expiresAt: now + 1500 };
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  controller.welcomeLease = {};
  await waitFor('another stream', () => controller.streams > 1 && controller.linked);
  await waitFor('a lease', () => agent.status().lease.state === 'active');
  t.ok((agent.status().lease.expiresAt ?? 0) > now + 60_000);
});

async function gossipAddress(controller: {
  readonly messages: readonly { hello: { gossipAddress: string } | null }[];
}): Promise<string> {
  const said = () => controller.messages.find(({ hello }) => hello !== null)?.hello?.gossipAddress;
  await waitFor('the hello', () => said() !== undefined);
  return said() ?? '';
}
