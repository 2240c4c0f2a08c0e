import type { RolloutPolicy } from '@shoal/common';
import { createBlueprintSet } from '@shoal/common';
import t from 'tap';
import { planRollout } from './plan-rollout.js';
import type { RolloutState } from './state.js';
import { promotionWarning, rolloutView } from './view.js';
import { deadline, statuses, World } from './world.test.support.js';

function worldOf(count: number): World {
  const world = new World();
  for (let index = 0; index < count; index += 1) world.add(`n${index}`);
  return world;
}

const under = (state: RolloutState): string[] =>
  state.nodes.filter(({ status }) => status === 'offered').map(({ node }) => node);

/** Who is under way at once, until the end, when each node does as it is told. */
function waves(world: World, rollout: RolloutPolicy): string[] {
  const seen: string[] = [];
  let state = world.begin(rollout);
  while (state.status === 'running') {
    seen.push(under(state).join(' '));
    world.at += 10;
    world.runs(...under(state));
    state = world.settle(state);
  }
  return [...seen, state.status];
}

t.test('the strategies, and how many are under way at once', async (t) => {
  const table: readonly (readonly [RolloutPolicy, readonly string[]])[] = [
    [{}, ['n0', 'n1', 'n2', 'n3', 'n4', 'succeeded']],
    [{ strategy: 'batches', batch: 2 }, ['n0 n1', 'n2 n3', 'n4', 'succeeded']],
    [{ strategy: 'batches', batch: '50%' }, ['n0 n1', 'n2 n3', 'n4', 'succeeded']],
    [{ strategy: 'batches' }, ['n0', 'n1', 'n2', 'n3', 'n4', 'succeeded']],
    [{ strategy: 'batches', batch: 9 }, ['n0 n1 n2 n3 n4', 'succeeded']],
    [{ strategy: 'batches', batch: 3, maxUnavailable: 2 }, ['n0 n1', 'n2', 'n3 n4', 'succeeded']],
    [{ strategy: 'all-at-once' }, ['n0 n1 n2 n3 n4', 'succeeded']],
    [{ strategy: 'all-at-once', maxUnavailable: '40%' }, ['n0 n1', 'n2 n3', 'n4', 'succeeded']],
    [{ strategy: 'canary' }, ['n0', 'awaiting-promotion']],
    [{ strategy: 'canary', canary: { nodes: ['n3', 'n1'] } }, ['n1 n3', 'awaiting-promotion']],
    [{ strategy: 'canary', canary: { nodes: ['elsewhere'] } }, ['n0', 'awaiting-promotion']],
    [{ strategy: 'canary', canary: { nodes: '100%' } }, ['n0 n1 n2 n3 n4', 'succeeded']],
  ];
  for (const [rollout, expected] of table)
    t.same(waves(worldOf(5), rollout), expected, JSON.stringify(rollout));
});

t.test('the order: sites as listed, then what others need, then by name', async (t) => {
  const world = new World();
  world.add('a', { site: 'paris', rank: 1 });
  world.add('b', { site: 'berlin', rank: 1 });
  world.add('c', { site: 'berlin' });
  world.add('d', { site: 'rome' });
  world.add('e', { site: 'paris' });
  t.same(waves(world, { order: ['berlin', 'paris'] }), ['c', 'b', 'e', 'a', 'd', 'succeeded']);
});

const plain = {
  ...{ name: 'web', version: '1.0.0', description: '', parameters: {}, steps: [] },
  ...{ process: {}, directory: '' },
};
const blueprints = createBlueprintSet([plain]);

t.test('a plan names services that the gate judges by their health alone', async (t) => {
  const access = { source: 'access', file: 'access.log', traffic: { status: 'status', seconds: 'seconds' } };
  const known = createBlueprintSet([
    plain,
    { ...plain, name: 'told', logs: [access] },
    { ...plain, name: 'drained', logs: [access], drain: {} },
  ]);
  const services = Object.fromEntries(
    ['web', 'told', 'drained'].map((blueprint) => [blueprint, { blueprint, nodes: 'all' as const }]),
  );
  const unwatched = (observe?: string) => {
    const rollout = observe === undefined ? {} : { gate: { observe } };
    const plan = planRollout({ cluster: 'harbor', services, rollout }, [], { blueprints: known });
    return plan.unwatched.map(({ service, why }) => `${service}: ${why}`);
  };
  t.same(unwatched(), ['web: untold', 'told: undrained']);
  t.same(unwatched('10s'), ['web: untold'], 'the spec says how long');
  t.same(unwatched('0s'), [], 'nothing is to be watched');
});

t.test('a plan tells the batches that the rollout would have', async (t) => {
  const service = { blueprint: 'web', nodes: ['n3'] };
  const needs = { ...service, nodes: ['n0', 'n1', 'n2'], needs: ['auth'] };
  const spec = { cluster: 'harbor', services: { web: needs, auth: service } };
  const nodes = ['n0', 'n1', 'n2', 'n3', 'n4'].map((name) => {
    const place = { name, site: name === 'n1' ? 'berlin' : 'paris' };
    return { place, hash: 'next', running: name === 'n4' ? 'next' : '', healthy: true };
  });
  const table: readonly (readonly [RolloutPolicy, readonly (readonly string[])[], number])[] = [
    [{}, [['n3'], ['n0'], ['n1'], ['n2']], 1],
    [{ strategy: 'canary', canary: { nodes: ['n2'] }, batch: 2 }, [['n2'], ['n3', 'n0'], ['n1']], 2],
    [{ strategy: 'batches', batch: 3, maxUnavailable: 2 }, [['n3', 'n0', 'n1'], ['n2']], 2],
    [{ strategy: 'all-at-once', order: ['berlin'] }, [['n1', 'n3', 'n0', 'n2']], 4],
  ];
  for (const [rollout, batches, atOnce] of table) {
    t.match(
      planRollout({ ...spec, rollout }, nodes, { blueprints }),
      { batches, atOnce },
      JSON.stringify(rollout),
    );
  }
  const canary = { strategy: 'canary', canary: { promote: '10m' }, onFailure: 'stop' } as const;
  t.match(planRollout({ ...spec, rollout: canary }, nodes, { blueprints }), {
    promoteAfterMs: 600_000,
    onFailure: 'stop',
  });
  t.same(planRollout({ ...spec }, [], { blueprints }).batches, [], 'no node, no batch');
  const without = { cluster: 'harbor', services: { other: { ...service, nodes: ['n4'] } } };
  const apart = planRollout(without, nodes, { before: spec.services, blueprints });
  t.same(apart.batches, [['n0'], ['n1'], ['n2'], ['n3']], 'what others needed goes last');
  const gate = { observe: '30s', maxErrorRateIncrease: 0.05 };
  t.same(
    planRollout({ ...spec, rollout: { gate } }, nodes, { blueprints }).gate,
    { observeMs: 30_000, maxErrorRateIncrease: 0.05, maxLatencyIncrease: 0.5, minRequests: 20 },
    'the gate is told with its defaults',
  );
});

t.test('a canary waits for an operator, then the batches follow', async (t) => {
  const world = worldOf(5);
  let state = world.begin({ strategy: 'canary', batch: 2 });
  t.throws(() => world.ask(state, 'promote'), {
    code: 'failed_precondition',
    message: "The rollout of revision 2 is running: it doesn't wait for promotion",
  });
  world.runs('n0');
  state = world.settle(state);
  t.equal(promotionWarning(state, world.at + 59_000), undefined);
  world.at += 10 * deadline;
  t.equal(
    promotionWarning(state, world.at),
    `the rollout of revision 2 has been awaiting promotion for ${(10 * deadline) / 60_000} min, with 4 nodes to go: ` +
      'shoal rollout promote --revision 2, or shoal rollout abort --revision 2',
  );
  t.equal(world.settle(state), state);
  t.equal(
    rolloutView(state).message,
    'n0 runs it. Awaits promotion: shoal rollout promote --revision 2, or undo it: shoal rollout abort --revision 2.',
  );
  t.equal(rolloutView(state).promoteAt, null);
  state = world.ask(state, 'promote');
  t.same([state.status, under(state)], ['running', ['n1', 'n2']]);
  t.match(rolloutView(state).request, { what: 'promote', by: 'ann' });
  world.fails('n1');
  world.runs('n2');
  state = world.settle(state);
  world.runs('n0', 'n2');
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: true });
  t.same(world.wanted, { n0: 1, n1: 1, n2: 1 }, 'the canary goes back as well');
});

t.test('a canary goes on by itself after a time in which it was healthy', async (t) => {
  const world = worldOf(3);
  let state = world.begin({ strategy: 'canary', canary: { promote: '10m' } });
  world.runs('n0');
  state = world.settle(state);
  t.equal(rolloutView(state).promoteAt, world.at + 600_000);
  world.at += 500_000;
  world.change('n0', { healthy: false });
  state = world.settle(state);
  t.match(rolloutView(state), {
    promoteAt: null,
    message: /The canary n0 is not healthy\. Goes on by itself once/,
  });
  world.at += 500_000;
  t.equal(world.settle(state).status, 'awaiting-promotion');
  world.change('n0', { healthy: true });
  state = world.settle(state);
  t.equal(rolloutView(state).promoteAt, world.at + 600_000, 'the time begins anew');
  world.at += 600_000;
  state = world.settle(state);
  t.same([state.status, under(state)], ['running', ['n1']]);
});

t.test('a canary that is offline as a whole proves nothing', async (t) => {
  const world = worldOf(3);
  world.change('n0', { presence: 'offline' });
  let state = world.begin({ strategy: 'canary' });
  t.same([state.status, under(state)], ['running', []]);
  t.equal(rolloutView(state).message, 'The canary n0 is offline.');
  world.change('n0', { presence: 'connected' });
  state = world.settle(state);
  t.same(under(state), ['n0']);
});

t.test('a canary that was removed proves nothing: time alone doesn’t promote', async (t) => {
  const world = worldOf(3);
  let state = world.begin({ strategy: 'canary', canary: { promote: '10m' } });
  world.nodes.delete('n0');
  state = world.settle(state);
  world.at += 3_600_000;
  state = world.settle(state);
  t.same([state.status, under(state)], ['awaiting-promotion', []]);
  t.match(rolloutView(state).message, /No node of the canary is left/);
  t.same(under(world.ask(state, 'promote')), ['n1'], 'an operator may');
});

t.test('maxUnavailable counts what is down for other reasons, where it is given', async (t) => {
  const world = worldOf(4);
  world.change('n3', { presence: 'offline', hash: 'old-n3' });
  let state = world.begin({ maxUnavailable: 1 });
  t.same(under(state), []);
  t.match(
    rolloutView(state).message,
    'n3 is unavailable, and at most 1 may be unavailable (rollout.maxUnavailable).',
  );
  t.same(under(world.begin()), ['n0'], 'where it is not given, it does not count');
  world.change('n3', { affected: false });
  t.same(under(world.settle(state)), ['n0'], 'nor does one that runs nothing of what the change touches');
  world.change('n3', { affected: true, presence: 'connected' });
  world.change('n2', { healthy: false });
  state = world.begin({ maxUnavailable: 1 });
  t.same(under(state), ['n2'], 'one that is unhealthy goes first: it may be what the change mends');
  world.runs('n2');
  state = world.settle(state);
  t.same(under(state), [], 'it is still unhealthy');
  world.change('n2', { healthy: true });
  t.same(under(world.settle(state)), ['n0']);
});

t.test('maxUnavailable counts what operators drained, and says so', async (t) => {
  const world = worldOf(4);
  world.change('n3', { drained: true, hash: 'old-n3' });
  let state = world.begin({ maxUnavailable: 1 });
  t.same(under(state), []);
  t.match(
    rolloutView(state).message,
    'n3 is drained by an operator, and at most 1 may be unavailable (rollout.maxUnavailable).',
  );
  world.change('n2', { presence: 'offline', hash: 'old-n2' });
  t.match(
    rolloutView(world.settle(state)).message,
    'n2 is unavailable, n3 is drained by an operator, and at most 1',
  );
  t.same(under(world.begin({ maxUnavailable: 3 })), ['n0']);
  world.change('n2', { presence: 'connected' });
  world.change('n3', { drained: false });
  t.same(under(world.settle(state)), ['n0'], 'taken back');
  world.change('n3', { drained: true, hash: 'new-n3' });
  state = world.begin({ maxUnavailable: 1 });
  t.same(under(state), ['n3'], 'one that serves nobody anyway goes first');
});

t.test('undoing goes back a few at a time, and does not wait for what is offline', async (t) => {
  const world = worldOf(6);
  let state = world.begin({ strategy: 'batches', batch: 2 });
  for (let round = 0; round < 2; round += 1) {
    world.runs(...under(state));
    state = world.settle(state);
  }
  world.change('n3', { presence: 'offline' });
  world.fails('n4');
  state = world.settle(state);
  t.same(
    world.wanted,
    { n0: 1, n1: 2, n2: 2, n3: 1, n4: 1, n5: 1 },
    'n5 was under way, n0 makes it two, n3 is told when it returns',
  );
  world.runs('n5');
  state = world.settle(state);
  t.same(world.wanted, { n0: 1, n1: 1, n2: 2, n3: 1, n4: 1, n5: 1 });
  world.runs('n0', 'n1');
  state = world.settle(state);
  t.equal(state.status, 'undoing');
  world.runs('n2');
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: true });
  t.match(rolloutView(state).message, /n3 is still to go back \(on returning, if it is offline\)/);
  world.change('n3', { presence: 'connected' });
  world.at += 10 * deadline;
  world.runs('n3');
  state = world.settle(state);
  t.equal(statuses(state)['n3'], 'undone');
});

t.test('a node on which undoing fails is named, and undoing may be asked for again', async (t) => {
  const world = worldOf(3);
  let state = world.begin();
  world.runs('n0');
  state = world.settle(state);
  world.fails('n1');
  state = world.settle(state);
  world.fails('n0');
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: false });
  t.same(statuses(state), { n0: 'failed', n1: 'failed', n2: 'untouched' });
  t.match(rolloutView(state).message, /Undo what it changed: shoal rollout abort/);
  const attempt = world.targets.get('n0')?.attempt ?? 0;
  state = world.ask(state, 'abort');
  t.equal(world.targets.get('n0')?.attempt, attempt + 1);
  world.runs('n0');
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: true });
});

t.test('pause: nodes under way end, no other begins, a failure is undone all the same', async (t) => {
  const world = worldOf(3);
  let state = world.ask(world.begin(), 'pause');
  t.match(
    rolloutView(state).message,
    /^ann paused it at .*\. n0 is still under way\. Go on: shoal rollout resume --revision 2\.$/,
  );
  world.runs('n0');
  state = world.settle(state);
  t.same([state.status, statuses(state)], ['paused', { n0: 'succeeded', n1: 'pending', n2: 'pending' }]);
  t.throws(() => world.ask(state, 'pause'), {
    code: 'failed_precondition',
    message: /^The rollout of revision 2 is paused \(ann paused it at 1970-.*\): there is nothing to pause$/,
  });
  t.throws(() => world.ask(state, 'promote'), {
    code: 'failed_precondition',
    message: /doesn't wait for promotion/,
  });
  state = world.ask(state, 'resume');
  t.same(under(state), ['n1']);
  t.throws(() => world.ask(state, 'resume'), { code: 'failed_precondition' });
  state = world.ask(state, 'pause');
  world.fails('n1');
  state = world.settle(state);
  t.equal(state.status, 'undoing');
  t.throws(() => world.ask(state, 'pause'), { code: 'failed_precondition' });
});

t.test('abort undoes what it changed, or with keep leaves nodes where they are', async (t) => {
  const world = worldOf(4);
  let state = world.begin({ strategy: 'batches', batch: 2 });
  world.runs('n0');
  state = world.ask(world.settle(state), 'abort');
  t.same(
    [state.status, statuses(state)],
    ['undoing', { n0: 'undoing', n1: 'undoing', n2: 'untouched', n3: 'untouched' }],
  );
  t.match(rolloutView(state).message, /^ann aborted it at/);
  t.throws(() => world.ask(state, 'abort'), { code: 'failed_precondition', message: /go back already/ });
  world.runs('n0', 'n1');
  state = world.settle(state);
  t.match(state, { status: 'aborted', undone: true });
  t.throws(() => world.ask(state, 'abort'), { code: 'failed_precondition' });
  t.same(under(world.ask(state, 'retry')), ['n0', 'n1']);

  const kept = worldOf(4);
  let left = kept.begin({ strategy: 'batches', batch: 2 });
  kept.runs('n0');
  left = kept.ask(kept.settle(left), 'abort', true);
  t.same(
    [left.status, statuses(left)],
    ['aborted', { n0: 'succeeded', n1: 'offered', n2: 'untouched', n3: 'untouched' }],
  );
  kept.runs('n1');
  left = kept.settle(left);
  t.equal(statuses(left)['n1'], 'succeeded');
  t.same(kept.wanted, { n0: 2, n1: 2 });
  t.throws(() => kept.ask(left, 'abort', true), { code: 'failed_precondition', message: /it has ended/ });
});

t.test('abort with keep ends undoing too: who was not asked yet stays', async (t) => {
  const world = worldOf(4);
  let state = world.begin();
  for (const name of ['n0', 'n1']) {
    world.runs(name);
    state = world.settle(state);
  }
  world.fails('n2');
  state = world.ask(world.settle(state), 'abort', true);
  t.same(
    [state.status, statuses(state)],
    ['aborted', { n0: 'undoing', n1: 'succeeded', n2: 'failed', n3: 'untouched' }],
  );
  world.runs('n0');
  t.equal(statuses(world.settle(state))['n0'], 'undone');
});
