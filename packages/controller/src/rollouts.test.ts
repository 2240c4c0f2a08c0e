import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RolloutView } from '@shoal/common';
import t from 'tap';
import type { RunningController } from './controller.js';
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
import type { FakeAgent } from './link/fake-agent.js';
import type { RolloutRequest } from './services.js';

const rolloutOf = (strategy: string): string => `rollout: ${strategy}\n`;
const ask = (controller: RunningController, request: RolloutRequest): Promise<RolloutView> =>
  controller.services.rollouts.request(request, admin);
const statuses = async ({ services }: RunningController): Promise<string[]> =>
  (await services.rollouts.get()).nodes.map(({ node, status }) => `${node} ${status}`);
const bodies = (list: readonly FakeAgent[]): unknown[] =>
  list.map(({ offers }) => offers.at(-1)?.services[0]?.params['body']);

t.test('a canary is promoted, fails later, and every node goes back to what it ran', async (t) => {
  const controller = await start(t, fixture(t));
  const { services } = controller;
  const all = await agents(t, controller, ['a', 'b', 'c']);
  const [a, b, c] = all as [FakeAgent, FakeAgent, FakeAgent];
  await apply(controller, specOf('one'));
  await ended(controller, 1);
  b.behavior = 'fail';
  await apply(
    controller,
    specOf('two', rolloutOf('{strategy: canary, gate: {observe: 3s, minRequests: 5}}')),
  );
  await until('the canary', async () => (await services.rollouts.get()).status === 'awaiting-promotion');
  t.same(bodies(all), ['two', 'one', 'one']);
  t.match(a.received.findLast(({ offer }) => offer !== null)?.offer?.gate, {
    observeMs: 3000,
    minRequests: 5,
  });
  t.match(await services.rollouts.get(), {
    message: /shoal rollout promote/,
    strategy: 'canary',
    batches: 3,
  });
  await t.rejects(ask(controller, { what: 'promote', revision: 1 }), {
    code: 'conflict',
    message: /The newest rollout is that of revision 2, by ann at/,
  });
  t.match(await ask(controller, { what: 'promote', revision: 2 }), {
    request: { what: 'promote', by: 'ann' },
  });
  await ended(controller, 2);
  t.match(await services.rollouts.get(), { status: 'failed', undone: true });
  t.same(await statuses(controller), ['a undone', 'b failed', 'c untouched']);
  t.same(bodies(all), ['one', 'two', 'one'], 'b went back by itself');
  t.equal(
    a.received.findLast(({ offer }) => offer !== null)?.offer?.gate?.observeMs,
    0,
    'going back is not judged',
  );
  const [view] = services.nodes.list();
  t.match(view, { desired: { revision: 1 }, running: { revision: 1 }, status: 'ok' });
  t.same(c.offers.length, 1);

  b.behavior = 'converge';
  await ask(controller, { what: 'retry' });
  await until('the canary again', async () => (await services.rollouts.get()).status !== 'running');
  await ended(controller, 2);
  t.match(await services.rollouts.get(), { status: 'succeeded' }, 'it was promoted before');
  t.ok(b.received.findLast(({ offer }) => offer !== null)?.offer?.retryFailed);
  t.match(services.nodes.get('b'), { status: 'ok', running: { revision: 2 } });
});

t.test('an operator pauses and aborts; both are audited; what ended can not be steered', async (t) => {
  const controller = await start(t, fixture(t));
  const { services } = controller;
  const [a] = (await agents(t, controller, ['a', 'b'])) as [FakeAgent, FakeAgent];
  await apply(controller, specOf('one'));
  await ended(controller, 1);
  await t.rejects(ask(controller, { what: 'abort' }), {
    code: 'failed_precondition',
    hint: 'Go back to an earlier revision: shoal revision restore NUMBER',
  });
  a.behavior = 'hold';
  await apply(controller, specOf('two'));
  await until('a is at work', () => services.nodes.get('a').state === 'converging');
  t.match(await ask(controller, { what: 'pause' }), { status: 'paused' });
  t.match(await ask(controller, { what: 'abort' }), { status: 'undoing' });
  a.behavior = 'converge';
  a.finish(a.report.convergingHash ?? '', 2);
  await ended(controller, 2);
  t.match(await services.rollouts.get(), { status: 'aborted', undone: true, request: { what: 'abort' } });
  t.equal((await services.revisions.get(2)).status, 'aborted');
  t.same(await statuses(controller), ['a undone', 'b untouched']);
  t.match(services.nodes.get('a'), { running: { revision: 1 } });
});

t.test('a revision is restored with the blueprint that it had, although that is gone', async (t) => {
  const directory = fixture(t);
  const controller = await start(t, directory);
  const { services } = controller;
  const [a] = (await agents(t, controller, ['a'])) as [FakeAgent];
  await apply(controller, specOf('one'));
  await ended(controller, 1);
  const first = services.nodes.get('a').running?.hash;
  const file = join(directory, 'blueprints', 'web', 'blueprint.yaml');
  await writeFile(file, blueprint.replace('/tmp/web.conf', '/tmp/elsewhere.conf'));
  await apply(controller, specOf('one'));
  await ended(controller, 2);
  t.not(services.nodes.get('a').running?.hash, first, 'the blueprint is part of the content');
  await writeFile(file, blueprint.replace('name: web', 'name: other'));
  await t.rejects(apply(controller, specOf('one')), { code: 'invalid_input', message: /unknown blueprint/ });
  const { restore } = services.specs;
  await t.rejects(restore({ revision: 9 }, admin), { code: 'not_found' });
  await t.rejects(restore({ revision: 1, basedOn: 1 }, admin), { code: 'conflict' });
  t.same(await restore({ revision: 2 }, admin), { revision: 2, changed: false }, 'it runs');
  t.same(await restore({ revision: 1, basedOn: 2 }, admin), { revision: 3, changed: true });
  await ended(controller, 3);
  t.match(services.nodes.get('a'), { running: { hash: first, revision: 3 }, status: 'ok' });
  t.match(a.offers.at(-1)?.services[0]?.steps, [{ path: '/tmp/web.conf' }]);
  t.match(await services.revisions.get(3), {
    reason: 'restores revision 1',
    basedOn: 2,
    spec: specOf('one'),
  });
});

t.test('a rollout goes by the strategy that was asked for it, and the revision keeps its text', async (t) => {
  const controller = await start(t, fixture(t));
  const { services } = controller;
  await agents(t, controller, ['a', 'b']);
  await apply(controller, specOf('one'));
  await ended(controller, 1);
  const spec = specOf('two', rolloutOf('{strategy: canary}'));
  await services.specs.apply({ spec, file: 'f', reason: '', strategy: 'all-at-once' }, admin);
  t.match(await services.rollouts.get(), { strategy: 'all-at-once' });
  await ended(controller, 2);
  t.equal((await services.revisions.get(2)).spec, spec);
  await services.specs.restore({ revision: 1, strategy: 'batches' }, admin);
  t.match(await services.rollouts.get(), { revision: 3, strategy: 'batches' });
});

t.test('a node that was offline shows that it caught up', async (t) => {
  const controller = await start(t, fixture(t));
  const [, b] = (await agents(t, controller, ['a', 'b'])) as [FakeAgent, FakeAgent];
  await apply(controller, specOf('one'));
  await ended(controller, 1);
  b.disconnect();
  await until('b is gone', () => !controller.services.nodes.get('b').connected);
  await apply(controller, specOf('two'));
  await until('a has it', async () => (await statuses(controller))[0] === 'a succeeded');
  await b.connect();
  await ended(controller, 2);
  t.same(await statuses(controller), ['a succeeded', 'b succeeded']);
});
