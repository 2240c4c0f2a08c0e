import t from 'tap';
import { nextDeadline, supersede } from './machine.js';
import { policyOf } from './policy.js';
import { beginRollout } from './state.js';
import { rolloutView } from './view.js';
import { deadline, failure, statuses, World } from './world.test.support.js';

function worldOf(...names: readonly string[]): World {
  const world = new World();
  for (const name of names) world.add(name);
  return world;
}

t.test('undoing that takes longer than a node may take leaves nothing due in the past', async (t) => {
  const world = worldOf('a', 'b', 'c');
  let state = world.begin();
  for (const name of ['a', 'b']) {
    world.runs(name);
    state = world.settle(state);
  }
  world.fails('c');
  state = world.settle(state);
  world.at += deadline - 1;
  world.runs('a');
  state = world.settle(state);
  world.at += 2;
  state = world.settle(state);
  t.same(statuses(state), { a: 'undone', b: 'undoing', c: 'failed' });
  t.equal(nextDeadline(state, world.at), world.at + deadline - 2, 'that of b, not that of c, which is back');
});

t.test('maxUnavailable bounds undoing as well', async (t) => {
  const world = worldOf('a', 'b', 'c', 'd', 'e');
  let state = world.begin({ strategy: 'all-at-once', maxUnavailable: 2 });
  world.runs('a', 'b');
  state = world.settle(state);
  world.runs('c', 'd');
  state = world.settle(state);
  world.fails('e');
  world.settle(state);
  t.same(world.wanted, { a: 1, b: 1, c: 2, d: 2, e: 1 }, 'e went back by itself');
});

t.test(
  'what a superseded rollout was about to undo is undone when the newer one fails before its turn',
  async (t) => {
    const world = worldOf('a', 'b', 'c');
    let state = world.begin({ strategy: 'all-at-once', maxUnavailable: 1 });
    for (const name of ['a', 'b']) {
      world.runs(name);
      state = world.settle(state);
      world.change(name, { good: 2 });
    }
    world.fails('c');
    state = world.settle(state);
    const { carried } = supersede(state, world.at);
    t.same(carried, { a: 1, b: 1 });
    for (const name of ['a', 'b', 'c']) {
      world.change(name, { hash: `third-${name}`, failed: null, settled: true });
    }
    const policy = policyOf({ nodeDeadline: '60s' });
    let next = world.settle(beginRollout({ revision: 3, from: 1, at: world.at, policy, carried }));
    t.same(statuses(next), { a: 'offered', b: 'pending', c: 'pending' });
    const attempt = world.targets.get('a')?.attempt ?? 0;
    world.change('a', { failed: { hash: 'third-a', revision: 3, attempt, failure }, settled: true });
    next = world.settle(next);
    t.same(statuses(next), { a: 'failed', b: 'undoing', c: 'untouched' });
    world.runs('a');
    next = world.settle(next);
    world.runs('b');
    next = world.settle(next);
    t.match(next, { status: 'failed', undone: true });
    t.same(world.wanted, { a: 1, b: 1, c: 1 }, 'none is left at what had failed');
  },
);

t.test('a node that could not take back what it changed is not said to be as before', async (t) => {
  const world = worldOf('a');
  let state = world.begin();
  world.fails('a', { ...failure, undone: false });
  state = world.settle(state);
  t.equal(state.status, 'undoing', 'it is asked to converge to what it ran');
  t.match(world.targets.get('a'), { revision: 1, attempt: 2 });
  world.fails('a', { ...failure, undone: false });
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: false });
  t.match(rolloutView(state).message, /shoal rollout abort/);
  state = world.ask(state, 'abort');
  t.match(world.targets.get('a'), { revision: 1, attempt: 3 });
  world.change('a', { failed: null, settled: true });
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: true });

  const other = worldOf('b');
  other.fails('b', { ...failure, undone: false });
  other.change('b', { hash: 'old-b' });
  const mended = other.begin();
  t.same(statuses(mended), { b: 'offered' }, 'the content that it runs by name is a change for it');
});

t.test('a node that ran nothing before, and came late, is not said to be as before', async (t) => {
  const world = new World();
  world.add('a', { good: 0, back: '', running: '' });
  let state = world.begin({}, { from: 0 });
  world.at += deadline;
  state = world.settle(state);
  t.match(statuses(state), { a: 'failed' });
  world.change('a', { running: 'new-a', settled: true });
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: false });
});

t.test('a node that joins while it is being undone has had no turn at the end', async (t) => {
  const world = worldOf('a', 'b');
  let state = world.begin();
  world.runs('a');
  state = world.settle(state);
  world.fails('b');
  state = world.settle(state);
  world.add('c');
  state = world.settle(state);
  world.runs('a');
  state = world.settle(state);
  t.equal(state.status, 'failed');
  t.match(statuses(state), { a: 'undone', c: 'untouched' });
});
