import { appendFile, rename, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import {
  createSigningKey,
  type Manifest,
  makeDelta,
  manifestContent,
  manifestHead,
  type Offer,
  signDocument,
} from '@shoal/common';
import t from 'tap';
import { manifest, world } from './agent.test.support.js';
import type { FakeController } from './testing/fake-controller.js';
import { waitFor } from './testing/wait.js';

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
    [
      'a head without its content',
      {
        ...controller.offerOf(manifest({ revision: 6 })),
        manifest: signDocument(manifestHead(manifest(), 'a'.repeat(64)), controller.signing.privateKeyPem),
      },
      /has format undefined/,
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

t.test('an offer by what differs is as good as a whole one, or the whole one is asked for', async (t) => {
  const { controller, start } = await world(t);
  const { agent, converger } = await start();
  await waitFor('the link', () => agent.status().cluster?.link === 'connected');
  t.equal(controller.messages[0]?.hello?.manifestDeltas, true);
  const first = controller.offerOf(manifest({ revision: 1 }));
  controller.send({ offer: first });
  await waitFor('the whole one', () => converger.offers.length === 1);
  const service = { name: 'web' } as Manifest['services'][number];
  const second = controller.offerOf(manifest({ revision: 2, services: [service] }));
  const next = manifest({ revision: 2, services: [service] });
  const content = Buffer.from(manifestContent(next));
  const signed = (head: unknown, key: string = controller.signing.privateKeyPem) => signDocument(head, key);
  const head = manifestHead(next, second.hash ?? '');
  const byDelta = (base: Buffer, hash: string | undefined, by = signed(head), made = content): Offer => {
    const parts = makeDelta(base, made).map(({ insert, from, length }) => ({
      insert: Buffer.from(insert),
      from,
      length,
    }));
    return { ...second, manifest: null, delta: { base: hash ?? '', size: made.length, parts, head: by } };
  };
  const base = Buffer.from(manifestContent(manifest()));
  const asked = (): string[] => controller.messages.flatMap(({ fullOffer }) => fullOffer?.reason ?? []);
  const otherKey = createSigningKey().privateKeyPem;
  const bad: [Offer, RegExp][] = [
    [byDelta(base, 'f'.repeat(64)), /doesn't have ffffffffffff/],
    [byDelta(Buffer.concat([Buffer.alloc(99), content]), first.hash), /the delta copies/],
    [byDelta(base, first.hash, signed(head, otherKey)), /signature doesn't verify/],
    [byDelta(base, first.hash, signed(next)), /no head of a manifest/],
    [byDelta(base, first.hash, signed(head), Buffer.from(`${content} `)), /another one than was signed/],
    [byDelta(base, first.hash, signed({ ...head, node: 'node-2' })), /for node node-2/],
    [byDelta(base, first.hash, signed({ ...head, clusterId: 'c-2' })), /for cluster c-2/],
    [byDelta(base, first.hash, signed({ ...head, revision: 1 })), /holds revision 1/],
    [{ ...byDelta(base, first.hash), hash: 'f'.repeat(64) }, /holds revision 2/],
  ];
  for (const [index, [offer, reason]] of bad.entries()) {
    controller.send({ offer });
    await waitFor('the whole one is asked for', () => asked().length === index + 1);
    t.match(asked()[index], reason, String(reason));
  }
  t.equal(converger.offers.length, 1, 'nothing came of them');
  t.notOk(
    controller.messages.some(({ report }) => report?.failedHash),
    'and nothing is called refused',
  );
  controller.send({ offer: byDelta(base, first.hash) });
  await waitFor('the manifest', () => converger.offers.length === 2);
  t.strictSame(converger.offers[1]?.manifest, manifest({ revision: 2, services: [service] }));
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
  t.match(JSON.parse(await get({ socketPath, path: '/status' })), {
    ...{ node: 'node-1', mode: 'clustered', members: { alive: 1 }, pools: { nodes: 1 } },
    lease: { state: 'active', warnings: [] },
  });
  const { trustedTime } = agent.status().lease;
  await waitFor('the time of now', () => agent.status().lease.trustedTime > trustedTime);
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
