import t from 'tap';
import { nextDeadline, resumeAfterStart, supersede } from './machine.js';
import { policyOf } from './policy.js';
import { beginRollout, type RolloutState } from './state.js';
import { rolloutView } from './view.js';
import { deadline, failure, statuses, World } from './world.test.support.js';

function worldOf(...names: readonly string[]): World {
  const world = new World();
  for (const name of names) world.add(name);
  return world;
}

const targetRevisions = (world: World): unknown[] =>
  [...world.targets.values()].map(({ revision, good }) => [revision, good]);

t.test('one node after another, by name', async (t) => {
  const world = worldOf('b', 'c', 'a');
  let state = world.begin();
  t.same(statuses(state), { a: 'offered', b: 'pending', c: 'pending' });
  t.same([...world.targets.keys()], ['a'], 'only it is asked to change');
  t.equal(nextDeadline(state), world.at + deadline);
  t.match(rolloutView(state), {
    strategy: 'one-by-one',
    batches: 3,
    message: 'Batch 1 of 3: waits for a.',
    nodes: [{ node: 'a', batch: 1, previous: 1 }, { batch: 2 }, { batch: 3 }],
  });
  for (const name of ['a', 'b', 'c']) {
    world.at += 10;
    world.runs(name);
    state = world.settle(state);
  }
  t.match(state, { status: 'succeeded', endedAt: world.at });
  t.same(targetRevisions(world), [
    [2, 2],
    [2, 2],
    [2, 2],
  ]);
  t.equal(nextDeadline(state), undefined);
});

t.test('a failure undoes what the rollout changed; what it had not reached stays', async (t) => {
  const world = worldOf('a', 'b', 'c', 'd');
  world.change('d', { presence: 'offline' });
  let state = world.begin();
  world.runs('a');
  state = world.settle(state);
  world.fails('b');
  state = world.settle(state);
  t.same(statuses(state), { a: 'undoing', b: 'failed', c: 'untouched', d: 'untouched' });
  t.equal(state.status, 'undoing');
  t.same(world.wanted, { a: 1, b: 1 });
  t.match(world.targets.get('a'), { good: 1, undo: true });
  t.match(rolloutView(state).message, 'b failed (web/conf). What it changed goes back: 0 done, 1 to go (a).');
  const none = { ...state, nodes: state.nodes.filter(({ node }) => node !== 'a') };
  t.notMatch(rolloutView(none).message, 'goes back', 'nothing is to go back, nothing is said of it');
  world.runs('a');
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: true, endedAt: world.at });
  t.same(statuses(state), { a: 'undone', b: 'failed', c: 'untouched', d: 'untouched' });
  t.match(
    rolloutView(state).message,
    /What it changed was undone\. Try again: shoal rollout retry --revision 2\./,
  );
  const old = rolloutView(state, 3).message;
  t.match(old, /Revision 3 came after it; to bring this one again: shoal revision restore 2\.$/);
  t.notMatch(old, /shoal rollout/, 'what would be asked of another rollout is not advised');
  t.same(state.nodes[1]?.failure, failure);
  world.change('d', { presence: 'connected' });
  t.equal(world.settle(state), state, 'a node that comes back is not offered a revision that failed');
});

t.test('where a node refused before it changed anything, nothing is said to be undone', async (t) => {
  const world = worldOf('a', 'b');
  let state = world.begin();
  world.fails('a', { ...failure, untouched: true });
  state = world.settle(state);
  t.match(state, { status: 'failed' });
  t.match(rolloutView(state).message, /^a failed .*\. Nothing was touched\. Try again/);
});

t.test('onFailure: stop leaves the others as they are; an operator may undo or go on', async (t) => {
  const begin = (world: World): RolloutState => {
    let state = world.begin({ strategy: 'batches', batch: 2, onFailure: 'stop' });
    t.same(statuses(state), { a: 'offered', b: 'offered', c: 'pending' });
    world.fails('a');
    state = world.settle(state);
    t.match(state, { status: 'failed', undone: false });
    t.same(statuses(state), { a: 'failed', b: 'offered', c: 'untouched' });
    t.same(world.wanted, { a: 1, b: 2 }, 'the one that failed goes back');
    world.runs('b');
    state = world.settle(state);
    t.same(statuses(state), { a: 'failed', b: 'succeeded', c: 'untouched' }, 'it may end');
    t.match(
      rolloutView(state).message,
      /b keeps revision 2\. Undo what it changed: shoal rollout abort --revision 2\./,
    );
    t.notMatch(rolloutView(state, 3).message, /shoal rollout/);
    return state;
  };
  const undone = worldOf('a', 'b', 'c');
  let state = undone.ask(begin(undone), 'abort');
  t.same(undone.wanted, { a: 1, b: 1 });
  undone.runs('b');
  state = undone.settle(state);
  t.match(state, { status: 'failed', undone: true });

  const retried = worldOf('a', 'b', 'c');
  const stopped = begin(retried);
  const before = retried.targets.get('a')?.attempt ?? 0;
  state = retried.ask(stopped, 'retry');
  t.same(statuses(state), { a: 'offered', b: 'succeeded', c: 'pending' });
  t.ok((retried.targets.get('a')?.attempt ?? 0) > before, 'so that it is tried although it failed there');
  retried.runs('a');
  state = retried.settle(state);
  retried.runs('c');
  t.equal(retried.settle(state).status, 'succeeded');
});

t.test("an earlier failure of the same content isn't this attempt's", async (t) => {
  const world = new World();
  world.add('a', { attempt: 4, failed: { hash: 'new-a', revision: 2, attempt: 4, failure } });
  world.add('b', { failed: { hash: 'new-b', revision: 1, attempt: 0, failure } });
  let state = world.begin({ strategy: 'all-at-once' });
  t.same(statuses(state), { a: 'offered', b: 'offered' });
  t.equal(world.targets.get('a')?.attempt, 5);
  world.change('b', { failed: { hash: 'new-b', revision: 2, attempt: 0, failure } });
  state = world.settle(state);
  t.match(statuses(state), { b: 'failed' }, 'agents that count no attempts tell by the revision');
});

t.test('a node that misses its deadline fails, connected or not', async (t) => {
  for (const presence of ['connected', 'away', 'offline'] as const) {
    const world = worldOf('a', 'b');
    let state = world.begin();
    world.change('a', { presence, settled: false });
    world.at += deadline - 1;
    state = world.settle(state);
    t.equal(state.status, 'running');
    world.at += 1;
    state = world.settle(state);
    t.equal(state.status, presence === 'offline' ? 'failed' : 'undoing', 'offline nodes are not waited for');
    t.equal(state.nodes[0]?.failure?.step, 'deadline');
    t.match(
      state.nodes[0]?.failure?.message,
      presence === 'connected' ? /didn't converge within 60 s/ : /lost its link/,
    );
    t.equal(world.targets.get('a')?.revision, 1);
    world.at += deadline;
    t.equal(world.settle(state).status, 'failed', 'undoing has its own deadline');
  }
});

t.test('the deadline of the whole rollout stands still while it is paused', async (t) => {
  const world = worldOf('a', 'b');
  let state = world.begin({ deadline: '100s' });
  world.at += 30_000;
  state = world.ask(state, 'pause');
  world.runs('a');
  world.at += 500_000;
  state = world.ask(world.settle(state), 'resume');
  t.equal(rolloutView(state).deadlineAt, state.startedAt + 600_000);
  t.same(statuses(state), { a: 'succeeded', b: 'offered' });
  world.at += 69_999;
  world.change('b', { settled: false });
  state = { ...state, nodes: state.nodes.map((node) => ({ ...node, deadlineAt: 10 ** 9 })) };
  t.equal(world.settle(state).status, 'running');
  world.at += 1;
  state = world.settle(state);
  t.match(state, { status: 'undoing', cause: 'It took longer than 100 s' });
});

t.test('time in which the controller was down counts for no deadline', async (t) => {
  const world = worldOf('a');
  let state = world.begin();
  const startedAt = world.at;
  world.change('a', { presence: 'away', settled: false });
  world.at += 10 * deadline;
  state = world.settle(resumeAfterStart(state, world.at));
  t.equal(state.status, 'running');
  t.same([state.nodes[0]?.startedAt, nextDeadline(state)], [startedAt, world.at + deadline]);
  world.change('a', { presence: 'connected' });
  world.runs('a');
  state = world.settle(state);
  t.equal(state.status, 'succeeded');
  t.equal(resumeAfterStart(state, world.at), state);
});

t.test('offline nodes are skipped, get the revision when they come back, and it is told', async (t) => {
  const world = worldOf('a', 'b', 'c');
  world.change('b', { presence: 'offline' });
  let state = world.begin();
  t.same(statuses(state), { a: 'offered', b: 'offline', c: 'pending' });
  world.runs('a');
  state = world.settle(state);
  t.same(statuses(state), { a: 'succeeded', b: 'offline', c: 'offered' });
  t.notOk(world.targets.has('b'), 'not before the revision has proven itself');
  world.runs('c');
  state = world.settle(state);
  t.equal(state.status, 'succeeded');
  t.same(statuses(state), { a: 'succeeded', b: 'offline', c: 'succeeded' });
  t.match(world.targets.get('b'), { revision: 2, good: 1 });
  t.equal(rolloutView(state).message, 'b is offline and gets it on coming back.');
  world.change('b', { presence: 'connected' });
  t.equal(world.settle(state), state);
  world.runs('b');
  state = world.settle(state);
  t.match(statuses(state), { b: 'succeeded' });
  t.equal(rolloutView(state).message, '');
});

t.test(
  'a node that fails on coming back is told, changes nothing for the others, and may be tried again',
  async (t) => {
    const world = worldOf('a', 'b');
    world.change('b', { presence: 'offline' });
    let state = world.begin();
    world.runs('a');
    state = world.settle(state);
    world.change('b', { presence: 'connected' });
    world.fails('b');
    state = world.settle(state);
    t.same([state.status, statuses(state)], ['succeeded', { a: 'succeeded', b: 'failed' }]);
    t.match(
      rolloutView(state).message,
      /b failed on coming back; try again: shoal rollout retry --revision 2\./,
    );
    t.match(rolloutView(state, 3).message, /b failed on coming back\.$/);
    t.same(world.wanted, { a: 2, b: 2 }, "it isn't taken off what the others run");
    state = world.ask(state, 'retry');
    t.same(statuses(state), { a: 'succeeded', b: 'offered' });
    world.runs('b');
    state = world.settle(state);
    t.same([state.status, statuses(state)], ['succeeded', { a: 'succeeded', b: 'succeeded' }]);
    t.throws(() => world.ask(state, 'retry'), { code: 'failed_precondition', message: /no node failed/ });
  },
);

t.test('a node that comes back during the rollout joins the queue', async (t) => {
  const world = worldOf('a', 'b');
  world.change('b', { presence: 'offline' });
  let state = world.begin();
  world.change('b', { presence: 'connected' });
  state = world.settle(state);
  t.same(statuses(state), { a: 'offered', b: 'pending' });
  world.runs('a');
  state = world.settle(state);
  t.same(statuses(state), { a: 'succeeded', b: 'offered' });
});

t.test('nodes that are away are waited for: a controller that just started has no links yet', async (t) => {
  const world = new World();
  for (const name of ['a', 'b']) world.add(name, { presence: 'away' });
  let state = world.begin();
  t.same(statuses(state), { a: 'pending', b: 'pending' });
  t.match(rolloutView(state).message, 'Waits for the link of a, b.');
  world.change('a', { presence: 'connected' });
  state = world.settle(state);
  t.same(statuses(state), { a: 'offered', b: 'pending' });
});

t.test('with every node offline it waits for one to prove the revision', async (t) => {
  const world = new World();
  for (const name of ['a', 'b']) world.add(name, { presence: 'offline' });
  let state = world.begin();
  t.equal(state.status, 'running');
  t.match(rolloutView(state).message, /Every node that it would change is offline: a, b/);
  t.equal(world.targets.size, 0);
  world.change('a', { presence: 'connected' });
  state = world.settle(state);
  t.same(statuses(state), { a: 'offered', b: 'offline' });
  world.runs('a');
  t.equal(world.settle(state).status, 'succeeded');
});

t.test('a cluster without nodes, and nodes that run the content already, need no offer', async (t) => {
  t.equal(new World().begin().status, 'succeeded');
  const world = new World();
  for (const name of ['a', 'b']) world.add(name, { running: `new-${name}`, back: `new-${name}` });
  world.add('c');
  let state = world.begin({ strategy: 'batches', batch: '50%' });
  t.same(statuses(state), { a: 'succeeded', b: 'succeeded', c: 'offered' });
  t.match(rolloutView(state), { batches: 1, nodes: [{ node: 'c', batch: 1 }, { batch: 0 }, { batch: 0 }] });
  t.equal(world.targets.get('a')?.revision, 2);
  world.fails('c');
  state = world.settle(state);
  t.same(statuses(state), { a: 'untouched', b: 'untouched', c: 'failed' }, 'undoing changes nothing there');
});

t.test('nodes that enroll join the queue, nodes that are removed leave it', async (t) => {
  const world = worldOf('a', 'b');
  let state = world.begin();
  world.add('c', { running: '', good: 0 });
  world.nodes.delete('a');
  state = world.settle(state);
  t.same(statuses(state), { b: 'offered', c: 'pending' });
  world.runs('b');
  state = world.settle(state);
  world.fails('c');
  state = world.settle(state);
  t.equal(world.targets.get('c')?.revision, 1, 'one that never ran anything goes to what is active');
});

t.test('a node that enrolls while all is undone has no turn', async (t) => {
  const world = worldOf('a', 'b');
  let state = world.begin();
  world.runs('a');
  state = world.settle(state);
  world.fails('b');
  state = world.settle(state);
  t.equal(state.status, 'undoing');
  world.add('c', { running: '', good: 0 });
  state = world.settle(state);
  t.same(statuses(state), { a: 'undoing', b: 'failed', c: 'untouched' });
  world.runs('a');
  t.match(world.settle(state), { status: 'failed', undone: true });
});

t.test('of the first revision there is nothing to go back to', async (t) => {
  const world = new World();
  for (const name of ['a', 'b', 'c']) world.add(name, { running: '', good: 0, back: '' });
  let state = world.begin({}, { from: 0 });
  world.runs('a');
  state = world.settle(state);
  world.fails('b');
  state = world.settle(state);
  t.match(state, { status: 'failed', undone: false });
  t.same(statuses(state), { a: 'succeeded', b: 'failed', c: 'untouched' });
  t.same(world.wanted, { a: 2, b: 0 });
  t.match(rolloutView(state).message, /a ran nothing before and keeps revision 2/);
});

t.test('superseded: it ends, and the next one begins with the node that is still at work', async (t) => {
  const world = worldOf('a', 'b', 'c');
  let state = world.begin();
  world.runs('a');
  state = world.settle(state);
  world.change('b', { settled: false });
  const { state: old } = supersede(state, 5000);
  t.match(old, { status: 'superseded', endedAt: 5000 });
  t.same(statuses(old), { a: 'succeeded', b: 'offered', c: 'untouched' });
  t.equal(world.settle(old), old);
  t.equal(supersede(old, 6000).state, old, 'once');
  for (const name of ['a', 'b', 'c']) world.change(name, { hash: `third-${name}` });
  const all = policyOf({ strategy: 'all-at-once', maxUnavailable: 1 });
  const other = world.settle(beginRollout({ revision: 3, from: 1, at: 6000, policy: all }));
  t.same(statuses(other), { a: 'pending', b: 'offered', c: 'pending' });
});

t.test('superseded while it is being undone: what nodes go back to is kept', async (t) => {
  const world = worldOf('a', 'b', 'c', 'd');
  let state = world.begin({ strategy: 'batches', batch: 2, maxUnavailable: 2 });
  world.runs('a', 'b');
  state = world.settle(state);
  for (const name of ['a', 'b']) world.change(name, { good: 2 });
  world.fails('c');
  state = world.settle(state);
  t.same(statuses(state), { a: 'undoing', b: 'undoing', c: 'failed', d: 'undoing' });
  const { carried } = supersede(state, 5000);
  t.same(carried, { a: 1, b: 1, d: 1 });
  const next = beginRollout({ revision: 3, from: 1, at: 6000, policy: policyOf(), carried });
  t.same(
    world.settle(next).nodes.map(({ previous }) => previous),
    [1, 1, 1, 1],
  );
  t.same(supersede(next, 7000).carried, carried, 'also over one that met nobody');
});

t.test("going back to what still runs isn't done while the node is at work on something else", async (t) => {
  const world = new World();
  world.add('a', { hash: 'old-a', settled: false });
  let state = world.begin();
  t.same(statuses(state), { a: 'offered' });
  world.change('a', { settled: true });
  state = world.settle(state);
  t.equal(state.status, 'succeeded');
});
