import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createKeyAndCsr,
  createLogger,
  encodeJoinToken,
  gossipKeyFingerprint,
  ShoalError,
} from '@shoal/common';
import t from 'tap';
import { world } from './agent.test.support.js';
import { enrollUntilDone } from './enrol/enroll.js';
import { FakeController } from './testing/fake-controller.js';
import { waitFor } from './testing/wait.js';

t.test('enrolls once, links, and keeps its identity for the next start', async (t) => {
  const { controller, dataDir, log, start } = await world(t);
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  const hello = controller.messages[0];
  t.equal(hello?.sequence, 1);
  t.match(hello?.hello, { agentVersion: /\d/, site: 'default', gossipAddress: /^127\.50\.\d+\.\d+:\d+$/ });
  t.equal(hello?.report?.full, true);
  t.equal(hello?.hello?.leaseSerial, agent.status().lease.serial, 'the next lease is to be above it');
  t.equal(agent.status().tier, 'premium', 'the first lease came with the identity');
  t.equal((await stat(join(dataDir, 'identity.json'))).mode & 0o777, 0o600);
  t.equal((await stat(dataDir)).mode & 0o777, 0o700);
  await agent.stop();
  const again = await start();
  await waitFor('the link again', () => again.agent.status().cluster?.link === 'connected');
  t.equal(controller.enrolled.length, 1);
  t.equal(log.join('').includes(controller.secret) || log.join('').includes(controller.token), false);
});

t.test('sends no secret to a controller of another CA, and says what is wrong', async (t) => {
  const { controller, log, start } = await world(t);
  const other = await FakeController.start({ host: '127.50.2.1' });
  t.teardown(() => other.down());
  await start({ 'cluster.token': other.token });
  await waitFor('the refusal', () => log.join('').includes('presents another CA'));
  t.equal(controller.enrolled.length, 0);
});

t.test('a refused enrolment is logged with what to do and not hammered', async (t) => {
  const { controller, log, start } = await world(t);
  controller.refuse = new ShoalError('already_exists', 'another node is named node-1', {
    hint: 'shoal node rm node-1',
  });
  const { agent } = await start();
  await waitFor('the log', () => log.join('').includes('shoal node rm node-1'));
  t.equal(agent.status().mode, 'enrolling');
  t.equal(controller.enrolled.length, 1);
  t.strictSame(agent.status().problems, [
    'joining the cluster: another node is named node-1 (shoal node rm node-1)',
  ]);
});

t.test('a license without room is told once with what to do, and asked again until there is', async (t) => {
  const controller = await FakeController.start({ host: '127.50.2.2' });
  t.teardown(() => controller.down());
  controller.refuse = new ShoalError('resource_exhausted', 'the free tier allows 10 nodes, 10 are enrolled', {
    hint: 'shoal license install FILE',
  });
  const log: string[] = [];
  const key = await createKeyAndCsr();
  const enrolling = enrollUntilDone({
    node: { name: 'node-1', site: 'default' },
    cluster: { controller: controller.address, token: controller.token },
    logger: createLogger({ name: 'agent', level: 'info', destination: { write: (line) => log.push(line) } }),
    signal: new AbortController().signal,
    key: async () => key,
    keep: async () => undefined,
    refusedMs: 10,
  });
  await waitFor('some tries', () => controller.enrolled.length >= 3);
  t.equal(log.length, 1);
  t.match(JSON.parse(log[0] ?? ''), {
    reason: 'the free tier allows 10 nodes, 10 are enrolled',
    hint: 'shoal license install FILE',
  });
  controller.refuse = undefined;
  t.equal((await enrolling).identity.node, 'node-1');
});

t.test('asks again by the same request, also after a restart, until it holds an identity', async (t) => {
  const { controller, dataDir, start } = await world(t);
  controller.refuse = new ShoalError('unavailable', 'the answer is lost');
  const first = await start();
  await waitFor('two tries', () => controller.enrolled.length >= 2);
  t.match(first.agent.status().problems, [/^joining the cluster: .*the answer is lost/]);
  await first.agent.stop();
  controller.refuse = undefined;
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  t.strictSame(agent.status().problems, [], 'what kept it out is over');
  t.equal(new Set(controller.enrolled.map(({ csrPem }) => csrPem)).size, 1);
  await t.rejects(stat(join(dataDir, 'enrolling.json')), { code: 'ENOENT' });
});

t.test('asks for no identity that it could not keep', async (t) => {
  const { controller, dataDir, log, start } = await world(t);
  await mkdir(join(dataDir, 'enrolling.json'), { recursive: true });
  const { agent } = await start();
  await waitFor('the failure', () => log.join('').includes('enrolling was refused'));
  t.match(log.join(''), 'EISDIR');
  t.equal(controller.enrolled.length, 0);
  t.equal(agent.status().mode, 'enrolling');
});

t.test('waits for a controller that is not there yet', async (t) => {
  const { controller, log, start } = await world(t);
  controller.down();
  const { agent } = await start();
  await waitFor('a try', () => log.join('').includes('enrolling again later'));
  await controller.up();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
});

t.test('the certificate is renewed in the running process', async (t) => {
  const { controller, dataDir, start } = await world(t, { certificateDays: 4 / 86_400 });
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  const first = agent.status().cluster?.certificateExpiresAt ?? 0;
  await waitFor('the renewal', () => (agent.status().cluster?.certificateExpiresAt ?? 0) > first);
  t.ok(controller.renewals > 0);
  await waitFor('the renewed identity on disk', async () => {
    const stored = JSON.parse(await readFile(join(dataDir, 'identity.json'), 'utf8')) as {
      expiresAt: number;
    };
    return stored.expiresAt > first;
  });
  await waitFor('the link by the new one', () => controller.streams > 1 && controller.linked);
});

t.test('gossip keys are on disk before they are reported, and a restart keeps them', async (t) => {
  const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const [oldName, freshName] = [old, fresh].map(gossipKeyFingerprint) as [string, string];
  const { controller, dataDir, log, start } = await world(t, { gossipKeys: [old] });
  const { agent } = await start();
  const reported = () => controller.messages.findLast((m) => m.report !== null)?.report?.gossipKeys;
  const stored = async () =>
    (JSON.parse(await readFile(join(dataDir, 'identity.json'), 'utf8')) as { gossipKeys: string[] })
      .gossipKeys;
  await waitFor('the first report', () => reported()?.primary === oldName);
  t.same(reported()?.held, [oldName]);
  for (const keys of [[old, fresh], [fresh, old], [fresh]]) {
    controller.send({ gossipKeys: keys });
    const names = keys.map(gossipKeyFingerprint);
    await waitFor('the report', () => JSON.stringify(reported()?.held) === JSON.stringify(names));
    t.equal(reported()?.primary, names[0]);
    t.same(
      await stored(),
      keys.map((key) => key.toString('base64')),
    );
  }
  await agent.stop();
  const before = controller.messages.length;
  await start();
  await waitFor('the hello', () => controller.messages.length > before);
  t.match(controller.messages[before], {
    hello: {},
    report: { gossipKeys: { primary: freshName, held: [freshName] } },
  });
  for (const key of [old, fresh])
    for (const encoding of ['hex', 'base64'] as const) t.notOk(log.join('').includes(key.toString(encoding)));
});

t.test('a removed node forgets its identity and does not come back by the same token', async (t) => {
  const { controller, dataDir, start } = await world(t);
  const { agent, converger } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  controller.send({ removed: true });
  await waitFor('the end', () => agent.status().mode === 'removed' && !controller.linked);
  await waitFor('the identity', () =>
    stat(join(dataDir, 'identity.json')).then(
      () => false,
      () => true,
    ),
  );
  await waitFor('the gossip', () => agent.status().tier === 'free');
  t.equal(converger.stopped, false, 'services go on');
  await agent.stop();
  const again = await start();
  await waitFor('the mode', () => again.agent.status().mode === 'removed');
  t.equal(controller.enrolled.length, 1);
});

t.test('a standalone node keeps the identity that it had, for the same cluster alone', async (t) => {
  const { controller, dataDir, log, start } = await world(t);
  const inCluster = (token: string) =>
    `cluster: { controller: "${controller.address}"${token === '' ? '' : `, token: "${token}"`} }\n`;
  const standalone = async () => {
    const { agent } = await start({}, '{}\n');
    t.equal(agent.status().mode, 'standalone');
    await agent.stop();
  };
  const first = await start({}, inCluster(controller.token));
  await waitFor('the link', () => first.agent.status().cluster?.link === 'connected');
  const identity = await readFile(join(dataDir, 'identity.json'), 'utf8');
  await first.agent.stop();
  await standalone();
  const aside = join(dataDir, 'identity.json.left');
  t.equal((await stat(aside)).mode & 0o777, 0o600);

  const elsewhere = await FakeController.start({ host: '127.50.2.3' });
  t.teardown(() => elsewhere.down());
  const foreign = { clusterId: 'c-other', caFingerprint: elsewhere.ca.fingerprint, id: 't2', secret: 'x' };
  const other = await start({}, inCluster(encodeJoinToken(foreign)));
  await waitFor('the refusal', () => log.join('').includes('presents another CA'));
  t.equal(other.agent.status().mode, 'enrolling', 'of no use elsewhere');
  await other.agent.stop();
  await standalone();

  const again = await start({}, inCluster(''));
  await waitFor('the link', () => again.agent.status().cluster?.link === 'connected');
  t.equal(await readFile(join(dataDir, 'identity.json'), 'utf8'), identity);
  await t.rejects(stat(aside), { code: 'ENOENT' });
  await again.agent.stop();
  await standalone();

  controller.removes = true;
  const third = await start({}, inCluster(controller.token));
  await waitFor('the end', () => third.agent.status().mode === 'removed' && !controller.linked);
  t.match(log.join(''), 'restart the agent to enroll anew');
  t.equal(controller.enrolled.length, 1);
  await third.agent.stop();
  controller.removes = false;
  const anew = await start({}, inCluster(controller.token));
  await waitFor('the link', () => anew.agent.status().cluster?.link === 'connected');
  t.equal(controller.enrolled.length, 2, 'who was removed meanwhile enrolls anew');
});

t.test('a removed node leaves its cluster also when the disk refuses to note it', async (t) => {
  const { controller, dataDir, log, start } = await world(t);
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  await mkdir(join(dataDir, 'removed.json', 'in-the-way'), { recursive: true });
  controller.send({ removed: true });
  await waitFor('the end', () => agent.status().mode === 'removed' && !controller.linked);
  await waitFor('the gossip', () => agent.status().tier === 'free');
  t.ok(
    log.some((line) => line.includes('removed.json')),
    'what failed is logged',
  );
});

t.test('two agents on one data directory: the second is refused', async (t) => {
  const { start } = await world(t);
  await start();
  await t.rejects(start(), { code: 'failed_precondition' });
});
