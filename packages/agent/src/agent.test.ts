import { appendFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import {
  createLogger,
  createSigningKey,
  gossipKeyFingerprint,
  type Manifest,
  ShoalError,
} from '@shoal/common';
import t, { type Test } from 'tap';
import { Agent, type AgentSeams } from './agent.js';
import { readAgentConfig } from './config.js';
import type { ConvergeListener } from './converge/converger.js';
import { Backoff } from './link/backoff.js';
import { FakeController } from './testing/fake-controller.js';
import { FakeConverger } from './testing/fake-converger.js';
import { waitFor } from './testing/wait.js';

let nextHost = 1;

/** A controller, and agents that come and go on one data directory. */
async function world(t: Test, options: { certificateDays?: number; gossipKeys?: readonly Buffer[] } = {}) {
  const host = `127.50.1.${nextHost++}`;
  const controller = await FakeController.start({ host, ...options });
  t.teardown(() => controller.down());
  const dataDir = join(t.testdir(), 'data');
  const log: string[] = [];
  const start = async (flags: Record<string, unknown> = {}) => {
    let converger: FakeConverger | undefined;
    const seams: AgentSeams = {
      logger: createLogger({
        name: 'agent',
        level: 'debug',
        destination: { write: (line) => log.push(line) },
      }),
      createConverger: ({ listener }: { listener: ConvergeListener }) => {
        converger = new FakeConverger(listener);
        return converger;
      },
      gossip: { profile: 'local' },
      backoff: () => new Backoff({ first: 50, longest: 200 }),
    };
    const config = await readAgentConfig({
      configFile: await emptyFile(t),
      flags: {
        'node.name': 'node-1',
        dataDir,
        'cluster.controller': controller.address,
        'cluster.token': controller.token,
        'gossip.listen': `${host}:0`,
        'metrics.listen': `${host}:0`,
        'stats.interval': '1s',
        ...flags,
      },
    });
    const agent = await Agent.start(config, seams);
    t.teardown(() => agent.stop());
    if (converger === undefined) throw new Error('no converger was made');
    return { agent, converger };
  };
  return { controller, dataDir, log, start };
}

async function emptyFile(t: Test): Promise<string> {
  const file = join(t.testdirName, 'agent.yaml');
  await writeFile(file, '{}\n');
  return file;
}

function manifest(part: Partial<Manifest> = {}): Manifest {
  return { format: 1, clusterId: 'c-test', node: 'node-1', revision: 1, services: [], ...part };
}

t.test('enrolls once, links, and keeps its identity for the next start', async (t) => {
  const { controller, dataDir, log, start } = await world(t);
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  const hello = controller.messages[0];
  t.equal(hello?.sequence, 1);
  t.match(hello?.hello, { agentVersion: /\d/, site: 'default', gossipAddress: /^127\.50\.1\.\d+:\d+$/ });
  t.equal(hello?.report?.full, true);
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
});

t.test('asks again by the same request, also after a restart, until it holds an identity', async (t) => {
  const { controller, dataDir, start } = await world(t);
  controller.refuse = new ShoalError('unavailable', 'the answer is lost');
  const first = await start();
  await waitFor('two tries', () => controller.enrolled.length >= 2);
  await first.agent.stop();
  controller.refuse = undefined;
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
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

t.test('takes only manifests that the cluster signed for this node', async (t) => {
  const { controller, start } = await world(t);
  const { agent, converger } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  const good = manifest();
  controller.send({ offer: controller.offerOf(good) });
  await waitFor('the offer', () => converger.offers.length === 1);
  t.strictSame(converger.offers[0]?.manifest, good);
  await waitFor('the report', () => controller.messages.some((m) => m.report?.runningRevision === 1));

  const otherKey = createSigningKey();
  const bad: [string, ReturnType<FakeController['offerOf']>, RegExp][] = [
    ['another key', controller.offerOf(manifest({ revision: 2 }), otherKey.privateKeyPem), /signature/],
    ['another node', controller.offerOf(manifest({ revision: 3, node: 'node-2' })), /for node node-2/],
    ['another cluster', controller.offerOf(manifest({ revision: 4, clusterId: 'c-2' })), /for cluster c-2/],
    [
      'another hash',
      { ...controller.offerOf(manifest({ revision: 5 })), hash: 'f'.repeat(64) },
      /holds revision 5/,
    ],
  ];
  for (const [what, offer, message] of bad) {
    controller.send({ offer });
    await waitFor(`the refusal: ${what}`, () =>
      controller.messages.some((m) => m.report?.failedRevision === offer.revision),
    );
    const last = controller.messages.findLast((m) => m.report?.failedRevision === offer.revision);
    t.match(last?.report?.failure?.message, message, what);
    t.equal(last?.report?.runningRevision, 1);
  }
  t.equal(converger.offers.length, 1);
  t.ok(
    controller.messages.some((m) => m.stepEvents.some((e) => e.kind === 'failed' && e.step === 'signature')),
  );
});

t.test('answers questions on the link', async (t) => {
  const { controller, start } = await world(t);
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  const service = { name: 'web' } as Manifest['services'][number];
  controller.send({
    check: { id: 'q1', manifest: controller.offerOf(manifest({ services: [service] })).manifest ?? null },
    members: { id: 'q2' },
  });
  const find = () => [
    controller.messages.find((m) => m.checkResult?.id === 'q1')?.checkResult,
    controller.messages.find((m) => m.membersResult?.id === 'q2')?.membersResult,
  ];
  await waitFor('the answers', () => find().every((answer) => answer));
  t.match(find()[0], { differences: [{ service: 'web', step: 'config' }], error: '' });
  t.match(JSON.parse((find()[1] as { membersJson: string }).membersJson), [
    { name: 'node-1', state: 'alive', tags: { role: 'agent', tier: 'premium' } },
  ]);
  const before = controller.messages.length;
  controller.send({ reportFullState: true });
  await waitFor('a report', () => controller.messages.length > before);
  t.equal(controller.messages.at(-1)?.report?.full, true);
});

t.test(
  'what an operator drains becomes the gossip’s tag, an offer brings its gate, logs become metrics',
  async (t) => {
    const { controller, start } = await world(t);
    const { agent, converger } = await start();
    await waitFor('the link', () => agent.status().cluster?.link === 'connected');
    let asked = 0;
    const tag = async (): Promise<string | undefined> => {
      asked += 1;
      const id = `q${asked}`;
      controller.send({ members: { id } });
      const answer = () => controller.messages.find((m) => m.membersResult?.id === id)?.membersResult;
      await waitFor('the answer', answer);
      return JSON.parse((answer() as { membersJson: string }).membersJson)[0].tags.drain;
    };
    t.equal(await tag(), undefined);
    controller.send({ drain: { services: ['api', 'web'] } });
    await waitFor('it to be drained', () => converger.drained.length === 2);
    t.equal(await tag(), 'api,web');
    controller.send({ drain: { services: [] } });
    await waitFor('it to be undrained', () => converger.drained.length === 0);
    t.equal(await tag(), undefined);

    controller.send({ offer: { ...controller.offerOf(manifest()), gate: { observeMs: 0, minRequests: 5 } } });
    await waitFor('the offer', () => converger.offers.length === 1);
    t.match(converger.offers[0]?.gate, { observeMs: 0, minRequests: 5 });
    t.equal(
      converger.offers[0]?.gate?.maxLatencyIncrease,
      undefined,
      'what isn’t said is the agent’s to know',
    );

    const file = join(t.testdirName, 'access.log');
    const traffic = { status: 'status', seconds: 'took' };
    converger.observe([
      { service: 'web', logs: [{ source: 'access', file, parser: 'json', traffic }], metrics: [] },
    ]);
    await appendFile(file, '{"status":200,"took":0.1}\n{"status":502,"took":0.1}\n'.repeat(10));
    await waitFor('a sample', () =>
      controller.samples.some((s) => (s.values['service.web.requests_per_s'] ?? 0) > 0),
    );
    const sample =
      controller.samples.find((s) => (s.values['service.web.requests_per_s'] ?? 0) > 0)?.values ?? {};
    t.equal(sample['service.web.error_rate'], 0.5);
    t.ok(Math.abs((sample['service.web.latency_p95_s'] ?? 0) / 0.1 - 1) < 0.1);
  },
);

t.test('step events arrive in order, also those of a time without link', async (t) => {
  const { controller, log, start } = await world(t);
  const { agent, converger } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  controller.down();
  await waitFor('the loss', () => agent.status().cluster?.link !== 'connected');
  const told = Array.from({ length: 500 }, (_, i) => `line ${i}`);
  for (const text of told) {
    converger.listener.stepEvent({
      revision: 1,
      hash: 'h',
      service: 's',
      step: 'x',
      kind: 'output',
      text,
      atMs: 1,
    });
  }
  const dials = () => log.filter((line) => line.includes('no link to the controller')).length;
  const before = dials();
  await waitFor('tries in vain', () => dials() > before + 2);
  await controller.up();
  const heard = () => controller.messages.flatMap((m) => m.stepEvents.map((e) => e.text));
  await waitFor('the events', () => heard().length === told.length);
  t.strictSame(heard(), told);
  const second = controller.messages.findLastIndex((m) => m.hello !== null);
  t.strictSame(
    controller.messages.slice(second).map((m) => m.sequence),
    controller.messages.slice(second).map((_, i) => i + 1),
  );
});

t.test('a gap in the controller’s sequence begins a new stream', async (t) => {
  const { controller, start } = await world(t);
  const { agent } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  controller.send({ reportFullState: true }, 7);
  await waitFor(
    'a new stream',
    () => controller.streams === 2 && agent.status().cluster?.link === 'connected',
  );
});

t.test('comes back later when the controller says so', async (t) => {
  const { controller, log, start } = await world(t);
  controller.retryAfterMs = 700;
  const { agent } = await start();
  await waitFor('the refusal', () => log.some((line) => line.includes('too many links')));
  const wait = (
    JSON.parse(log.find((line) => line.includes('too many links')) ?? '{}') as { retryInMs: number }
  ).retryInMs;
  t.ok(wait >= 700, `waits ${wait} ms`);
  controller.retryAfterMs = undefined;
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

t.test('every line is shipped exactly once over an outage, a rotation and a restart', async (t) => {
  const { controller, dataDir, start } = await world(t);
  const file = join(t.testdirName, 'access.log');
  const written: string[] = [];
  const write = async (count: number) => {
    const lines = Array.from(
      { length: count },
      (_, i) => `{"n":${written.length + i},"time":"2026-11-21T08:00:00Z"}`,
    );
    written.push(...lines);
    await appendFile(file, `${lines.join('\n')}\n`);
  };
  await writeFile(file, '');
  const services = [
    { service: 'web', metrics: [], logs: [{ source: 'access', file, parser: 'json' as const }] },
  ];
  const { agent, converger } = await start();
  converger.observe(services);
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  await write(200);
  await waitFor('the first lines', () => controller.lines.size === written.length);
  controller.down();
  await write(300);
  await rename(file, `${file}.1`);
  await write(300);
  await agent.stop();
  await write(50);
  const again = await start();
  again.converger.observe(services);
  await controller.up();
  await write(50);
  await waitFor('all lines', () => controller.lines.size >= written.length);
  const found = [...controller.lines].sort(([a], [b]) => a - b).map(([, line]) => line);
  t.strictSame([...found].sort(), [...written].sort(), 'none lost, none twice');
  t.match(controller.lineFields.get(1), { n: '0' });
  await waitFor('stats', () => controller.samples.some((s) => 'cpu.used' in s.values));
  t.ok((await stat(join(dataDir, 'spool', 'logs'))).isDirectory());
});

t.test('the local API tells members and status, the metrics door the figures', async (t) => {
  const { start } = await world(t);
  const { agent } = await start({ dataDir: join('/tmp', `shoal-agent-${process.pid}`) });
  t.teardown(async () => {
    const { rm } = await import('node:fs/promises');
    await rm(join('/tmp', `shoal-agent-${process.pid}`), { recursive: true, force: true });
  });
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  const socketPath = join('/tmp', `shoal-agent-${process.pid}`, 'agent.sock');
  t.equal((await stat(socketPath)).mode & 0o777, 0o600);
  const members = JSON.parse(await get({ socketPath, path: '/members' })) as { members: { name: string }[] };
  t.match(members.members, [{ name: 'node-1', state: 'alive' }]);
  t.match(JSON.parse(await get({ socketPath, path: '/status' })), { node: 'node-1', mode: 'clustered' });
  const [host, port] = (agent.metricsAddress ?? '').split(':');
  const text = await get({ host: host ?? '', port: port ?? '', path: '/metrics' });
  t.match(text, /^shoal_agent_link_up 1$/m);
  t.match(text, /^shoal_agent_gossip_members_alive 1$/m);
});

function get(options: { socketPath?: string; host?: string; port?: string; path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ agent: false, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}

t.test('two agents on one data directory: the second is refused', async (t) => {
  const { start } = await world(t);
  await start();
  await t.rejects(start(), { code: 'failed_precondition' });
});
