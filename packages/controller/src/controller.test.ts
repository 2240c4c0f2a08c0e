import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClusterEvent, deltaBytes, type NodeView, type Plan } from '@shoal/common';
import t from 'tap';
import {
  admin,
  agents,
  apply,
  blueprint,
  ended,
  fixture,
  specOf,
  start,
  until,
} from './controller.test.support.js';
import { FakeAgent } from './link/fake-agent.js';

const words = (nodes: readonly NodeView[]): string[] => nodes.map(({ name, status }) => `${name} ${status}`);

t.test('spec to nodes: enroll, apply, roll out one by one, report', async (t) => {
  const controller = await start(t, fixture(t));
  const { services } = controller;
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const events: ClusterEvent[] = [];
  const listening = (async () => {
    for await (const event of services.events(stop.signal)) events.push(event);
  })();
  const [a, b] = (await agents(t, controller, ['a', 'b'])) as [FakeAgent, FakeAgent];
  t.same(words(services.nodes.list()), ['a ok', 'b ok']);
  a.behavior = 'hold';
  t.same(await apply(controller, specOf('one')), { revision: 1, changed: true });
  await until('a is offered', () => a.offers.length === 1);
  await until('a is at work', () => services.nodes.get('a').state === 'converging');
  t.equal(b.offers.length, 0, 'b waits');
  t.equal((await services.revisions.get()).status, 'rolling-out');
  const hash = services.nodes.get('a').desired?.hash ?? '';
  a.finish(hash, 1);
  await ended(controller, 1);
  t.equal(b.offers[0]?.services[0]?.params['body'], 'one');
  t.equal(b.offers[0]?.node, 'b');
  const view = services.nodes.get('a');
  t.same(
    [view.desired, view.running, view.failed, view.status],
    [{ hash, revision: 1 }, { hash, revision: 1 }, null, 'ok'],
  );
  t.equal((await services.revisions.get(1)).status, 'active');
  t.same((await services.status()).revision, { running: 1, latest: 1 });
  const rollout = await services.rollouts.get();
  t.same(
    rollout.nodes.map(({ node, status }) => `${node} ${status}`),
    ['a succeeded', 'b succeeded'],
  );
  t.same(
    rollout.events.map(({ node, kind }) => `${node} ${kind}`),
    ['a started', 'b started'],
  );
  t.same(
    await apply(controller, specOf('one')),
    { revision: 1, changed: false },
    'the same spec commits nothing',
  );
  stop.abort();
  await listening;
  const types = new Set(events.map(({ type }) => type));
  t.same([...types].sort(), ['gossip-keys', 'node', 'revision', 'rollout', 'step']);
});

t.test(
  'a failure stops the rollout, is told whole, and its content is offered again only by a new revision',
  async (t) => {
    const controller = await start(t, fixture(t));
    const { services } = controller;
    const [a, b] = (await agents(t, controller, ['a', 'b'])) as [FakeAgent, FakeAgent];
    await apply(controller, specOf('good'));
    await ended(controller, 1);
    a.behavior = 'fail';
    await apply(controller, specOf('bad'));
    await ended(controller, 2);
    t.equal(b.offers.length, 1, 'b was not touched');
    t.equal((await services.revisions.get(2)).status, 'failed');
    t.equal((await services.revisions.get(1)).status, 'active');
    const view = services.nodes.get('a');
    t.equal(view.desired?.revision, 1, 'back to its last good revision');
    t.equal(view.running?.hash, view.desired?.hash);
    t.match(view.failed, { revision: 2, failure: { step: 'conf', output: 'nginx: [emerg]' } });
    t.equal(view.status, 'failed');
    t.match((await services.status()).warnings, [/node a: nginx -t failed/, /revision 2 failed/]);
    const offers = a.offers.length;
    a.disconnect();
    await until('a is gone', () => !services.nodes.get('a').connected);
    await a.connect();
    await until('a is back', () => services.nodes.get('a').connected);
    a.tell({});
    await b.shipLogs('s', [1]);
    t.equal(a.offers.length, offers, 'not offered again unasked');
    a.behavior = 'converge';
    t.same(
      await apply(controller, specOf('bad')),
      { revision: 3, changed: true },
      'the same content again, asked for',
    );
    await ended(controller, 3);
    t.ok(a.received.at(-1)?.offer?.retryFailed);
    t.equal((await services.revisions.get(1)).status, 'superseded');
    t.equal(services.nodes.get('b').running?.revision, 3);
  },
);

t.test('a controller that is started again goes on with the rollout, and knows what it knew', async (t) => {
  const directory = fixture(t);
  const first = await start(t, directory);
  const [a, b] = (await agents(t, first, ['a', 'b'])) as [FakeAgent, FakeAgent];
  await apply(first, specOf('one'));
  await ended(first, 1);
  a.behavior = 'hold';
  await apply(first, specOf('two'));
  await until('a is at work', () => first.services.nodes.get('a').state === 'converging');
  await first.stop();
  await Promise.all([a.ended(), b.ended()]);
  const port = first.addresses.grpc;
  const second = await start(t, directory, { grpc: { listen: port } });
  const { services } = second;
  const known = services.nodes.get('a');
  t.same([known.connected, known.status, known.running?.revision], [false, 'unreachable', 1]);
  t.equal((await services.rollouts.get()).status, 'running', 'nodes without link are waited for');
  const [again, bAgain] = [new FakeAgent(port, a.identity), new FakeAgent(port, b.identity)];
  for (const agent of [again, bAgain]) t.teardown(() => agent.close());
  again.report = { ...a.report, state: 'IDLE', convergingHash: '' };
  bAgain.report = b.report;
  await again.connect();
  await bAgain.connect();
  await ended(second, 2);
  t.equal(again.offers[0]?.revision, 2);
  t.equal(bAgain.offers.length, 1);
  t.equal((await services.revisions.get(2)).status, 'active');
});

t.test('an apply while a rollout runs supersedes it', async (t) => {
  const controller = await start(t, fixture(t));
  const { services } = controller;
  const [a] = (await agents(t, controller, ['a', 'b'])) as [FakeAgent, FakeAgent];
  a.behavior = 'hold';
  await apply(controller, specOf('stuck'));
  await until('a is at work', () => services.nodes.get('a').state === 'converging');
  a.behavior = 'converge';
  await apply(controller, specOf('mended'));
  await ended(controller, 2);
  t.equal((await services.rollouts.get(1)).status, 'superseded');
  t.equal((await services.revisions.get(1)).status, 'superseded');
  t.same(words(services.nodes.list()), ['a ok', 'b ok']);
});

t.test('refuses what is stale, wrong or for another cluster', async (t) => {
  const controller = await start(t, fixture(t));
  await agents(t, controller, ['a']);
  await apply(controller, specOf('one'), 0);
  await apply(controller, specOf('two'), 1);
  await t.rejects(apply(controller, specOf('three'), 1), {
    code: 'conflict',
    message: /Based on revision 1, but since then came 2 by ann at \d{4}-/,
    hint: /shoal revision diff 1 2/,
  });
  await t.rejects(apply(controller, specOf('x', '    perNode: {b: {body: y}}\n')), {
    code: 'invalid_input',
    message: /cluster\.yaml:7:15: unknown node "b"/,
  });
  await t.rejects(apply(controller, specOf('one').replace('shoal', 'other')), {
    code: 'invalid_input',
    message: 'cluster.yaml:1:10: cluster: this is the cluster "shoal", found "other"',
  });
  await t.rejects(apply(controller, 'cluster: shoal\nservices: {web: {blueprnt: web, nodes: all}}\n'), {
    message: /did you mean "blueprint"/,
  });
  const entries = (await controller.services.revisions.list(10)).map(({ number, basedOn, author }) => [
    number,
    basedOn,
    author,
  ]);
  t.same(entries, [
    [2, 1, 'ann'],
    [1, 0, 'ann'],
  ]);
  const diff = await controller.services.revisions.diff();
  t.match(diff.changes, [{ kind: 'changed', path: 'services.web.params.body', before: 'one', after: 'two' }]);
  t.match(
    diff.text,
    /^--- revision 1\n\+\+\+ revision 2\n@@ .*\n[\s\S]*\n- {4}params: \{body: one\}\n\+ {4}params: \{body: two\}\n$/,
  );
});

t.test('a plan tells what would change, and on request what the nodes say', async (t) => {
  const controller = await start(t, fixture(t));
  const { specs } = controller.services;
  const [a] = (await agents(t, controller, ['a', 'b'])) as [FakeAgent];
  const first = await specs.plan({ spec: specOf('one'), file: 'c.yaml', onNodes: false });
  t.match(first, {
    basedOn: 0,
    nodes: [
      { node: 'a', action: 'new', services: ['web'] },
      { node: 'b', action: 'new' },
    ],
  });
  await apply(controller, specOf('one'));
  await ended(controller, 1);
  a.disconnect();
  await until('a is gone', () => !controller.services.nodes.get('a').connected);
  await controller.services.nodes.drain('b', 'web', admin);
  const plan = await specs.plan({ spec: specOf('two'), file: 'c.yaml', onNodes: true });
  t.match(plan.nodes, [
    { node: 'a', action: 'change', services: ['web'], note: 'not connected', differences: [] },
    { node: 'b', action: 'change', note: '', differences: [{ step: 'conf', difference: '+new' }] },
  ]);
  t.match(plan.warnings, ['drained by an operator: b (web); it is changed as any other']);
  t.equal(plan.basedOn, 1);
  const same = await specs.plan({ spec: specOf('one'), file: 'c.yaml', onNodes: true });
  t.match(same, { changes: [], text: '', warnings: [], nodes: [{ action: 'same' }, { action: 'same' }] });
  t.match(await specs.plan({ spec: 'cluster: shoal\nservices: {}\n', file: 'c.yaml', onNodes: false }), {
    nodes: [{ action: 'remove', services: ['web'] }, {}],
  });
  t.equal((await controller.services.revisions.list(5)).length, 1, 'nothing was committed');
});

t.test('revisions that differ by a value of a secret alone say so, and not the value', async (t) => {
  const controller = await start(t, fixture(t));
  const { secrets, revisions } = controller.services;
  const spec = specOf('{secret: key}');
  const { version: before } = await secrets.set('key', 'first-value', admin);
  await apply(controller, spec);
  const { version: after } = await secrets.set('key', 'second-value', admin);
  await apply(controller, spec);
  const diff = await revisions.diff();
  t.same(diff, {
    ...{ from: 1, to: 2, changes: [], text: '' },
    secrets: [{ name: 'key', services: ['web'], before, after }],
  });
  t.same((await revisions.diff(2, 2)).secrets, []);
  t.same((await revisions.diff(0, 1)).secrets, [], 'a secret that came is seen in the text');
});

t.test('a plan says what became of the newest revision, and which node refused just this', async (t) => {
  const controller = await start(t, fixture(t));
  const { specs } = controller.services;
  const [, b] = (await agents(t, controller, ['a', 'b'])) as [FakeAgent, FakeAgent];
  const plan = (body: string): Promise<Plan> =>
    specs.plan({ spec: specOf(body), file: 'c.yaml', onNodes: false });
  t.equal((await plan('one')).against, 'no revision yet');
  await apply(controller, specOf('one'));
  await ended(controller, 1);
  t.match(await plan('two'), { against: 'revision 1', nodes: [{ refused: '' }, { refused: '' }] });
  b.behavior = 'fail';
  await apply(controller, specOf('two'));
  await ended(controller, 2);
  t.match(await plan('two'), {
    against: 'revision 2 (failed, undone; nodes run 1)',
    nodes: [
      { node: 'a', refused: '' },
      { node: 'b', refused: /^web\/conf: ./ },
    ],
  });
  t.match((await plan('three')).nodes, [{ refused: '' }, { refused: '' }], 'another content');
});

t.test(
  'a node that enrolls later gets the active revision at once, with the blueprints as they were then',
  async (t) => {
    const directory = fixture(t);
    const first = await start(t, directory);
    await apply(first, specOf('one'));
    await ended(first, 1);
    await first.stop();
    const file = join(directory, 'blueprints', 'web', 'blueprint.yaml');
    await writeFile(file, blueprint.replace('/tmp/web.conf', '/tmp/changed.conf'));
    const controller = await start(t, directory);
    const [a] = (await agents(t, controller, ['a'])) as [FakeAgent];
    await until('a runs it', () => controller.services.nodes.get('a').running?.revision === 1);
    t.same(
      a.offers.map((manifest) => manifest.services[0]?.steps[0]),
      [{ id: 'conf', type: 'file', path: '/tmp/web.conf', content: '{{ params.body }}' }],
    );
    t.same(
      await apply(controller, specOf('one')),
      { revision: 2, changed: true },
      'the same spec, but a new blueprint',
    );
    await ended(controller, 2);
    t.match(a.offers.at(-1)?.services[0]?.steps[0], { path: '/tmp/changed.conf' });
  },
);

t.test('step events of revisions that do not exist are not kept', async (t) => {
  const controller = await start(t, fixture(t));
  const { services } = controller;
  const [a] = (await agents(t, controller, ['a'])) as [FakeAgent];
  const seen: unknown[] = [];
  const watching = new AbortController();
  const events = services.events(watching.signal);
  const event = { hash: 'h', service: 'web', step: 'conf', kind: 'output', text: 'x', atMs: 1 };
  for (const revision of [-1, 0, 1, 10_000]) a.send({ stepEvents: [{ ...event, revision }] });
  a.tell({ state: 'IDLE' });
  for await (const told of events) {
    seen.push(told.type);
    if (told.type === 'node' && told.node.state === 'idle') break;
  }
  watching.abort();
  t.notOk(seen.includes('step'));
});

t.test('logs are acknowledged once stored, and none is kept twice', async (t) => {
  const controller = await start(t, fixture(t));
  const [a] = (await agents(t, controller, ['a'])) as [FakeAgent];
  t.match(await a.shipLogs('s1', [1, 2, 3]), { spoolId: 's1', sequence: 3 });
  t.match(await a.shipLogs('s1', [2, 3, 4]), { sequence: 4 });
  const { lines } = await controller.services.logs.search({ node: 'a' });
  t.same(
    lines.map(({ line }) => line),
    ['line 1', 'line 2', 'line 3', 'line 4'],
  );
});

t.test("asks a node for its view of the gossip; the controller's own has itself", async (t) => {
  const controller = await start(t, fixture(t));
  await agents(t, controller, ['a']);
  t.match(await controller.services.members.list('a'), [{ name: 'm', address: '127.20.0.9:1' }]);
  t.match(await controller.services.members.list(), [
    { name: 'controller', state: 'alive', tags: { role: 'controller' } },
  ]);
  await t.rejects(controller.services.members.list('b'), { code: 'not_found' });
});

t.test('a gap in the sequence makes the controller ask for a full report', async (t) => {
  const controller = await start(t, fixture(t));
  const [a] = (await agents(t, controller, ['a'])) as [FakeAgent];
  const { services } = controller;
  const web = {
    service: 'web',
    process: 'running',
    health: 'healthy',
    detail: '',
    startedAtMs: 5,
    restarts: 0,
  };
  a.report = { ...a.report, services: [web] };
  a.send({ report: { full: false, services: [{ ...web, health: 'unhealthy' }] } }, 7);
  await until('the full report', () => services.nodes.get('a').services[0]?.health === 'healthy');
  t.ok(a.received.some(({ reportFullState }) => reportFullState));
  a.send({ report: { full: false, services: [{ ...web, health: 'unhealthy' }] } });
  await until('the partial report', () => services.nodes.get('a').status === 'unhealthy');
});

t.test(
  'a node is told what differs from what it runs; the whole when it is an old one, or asks for it',
  async (t) => {
    const directory = fixture(t);
    const controller = await start(t, directory);
    const [a, b, old] = (await agents(t, controller, ['a', 'b', 'old'])) as [FakeAgent, FakeAgent, FakeAgent];
    for (const agent of [a, b]) {
      agent.disconnect();
      agent.deltas = 'taken';
      await agent.connect();
    }
    b.deltas = 'refused';
    const ways = (agent: FakeAgent): string[] =>
      agent.received.flatMap(({ offer }) =>
        offer === null ? [] : [offer.delta === null ? 'whole' : 'delta'],
      );
    const bodies = (agent: FakeAgent): unknown[] =>
      agent.offers.map(({ services }) => services[0]?.params['body']);
    // Long enough that a delta pays.
    const page = (word: string): string => specOf(JSON.stringify(`${'x'.repeat(2000)} ${word}`));
    for (const [index, word] of ['one', 'two', 'three'].entries()) {
      await apply(controller, page(word));
      await ended(controller, index + 1);
    }
    t.same(ways(a), ['whole', 'delta', 'delta']);
    t.same(
      ways(b),
      ['whole', 'delta', 'whole', 'whole'],
      'once refused, whole for as long as the link stands',
    );
    t.same(ways(old), ['whole', 'whole', 'whole']);
    t.same(bodies(a), bodies(old));
    t.same(bodies(b), bodies(old));
    const deltas = a.received.flatMap(({ offer }) => offer?.delta ?? []);
    t.ok(deltas.every(({ size, parts }) => size > 2000 && deltaBytes(parts) < 400));
    await controller.stop();
    const again = await start(t, directory, { grpc: { listen: controller.addresses.grpc } });
    await a.connect();
    await until('a is linked', () => again.services.nodes.get('a').connected);
    await apply(again, page('four'));
    await until('a runs it', () => a.offers.length === 4);
    t.equal(ways(a).at(-1), 'delta', 'also what it got of a controller before');
  },
);
