import t from 'tap';
import { putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import { MemoryStore } from '../store/memory-store.js';
import { keepTime } from './clock.js';
import { nextDeadline } from './machine.js';
import { policyOf } from './policy.js';
import { beginRollout, type RolloutState } from './state.js';
import { listRollouts, openRollout, readRollout, rolloutWrites } from './stored.js';
import { deadline, World } from './world.test.support.js';

t.test('a rollout comes back as it was stored; only nodes that changed are written', async (t) => {
  const store = new MemoryStore();
  const world = new World();
  for (const name of ['a', 'b', 'c']) world.add(name);
  const first = world.begin();
  await store.transact({ writes: rolloutWrites(undefined, first) });
  t.same((await readRollout(store, 2))?.value, first);
  world.runs('a');
  const second = world.settle(first);
  const writes = rolloutWrites(first, second);
  t.same(
    writes.map(({ key }) => key),
    [keys.rollout(2), `${keys.rolloutNodes(2)}a`, `${keys.rolloutNodes(2)}b`],
  );
  await store.transact({ writes });
  t.same((await readRollout(store, 2))?.value, second);
  world.nodes.delete('b');
  const third = world.settle(second);
  await store.transact({ writes: rolloutWrites(second, third) });
  t.same((await readRollout(store, 2))?.value, third, 'a node that was removed is gone from the store');
  const other = beginRollout({ revision: 3, from: 2, at: 5, policy: policyOf() });
  await store.transact({ writes: rolloutWrites(undefined, other) });
  t.same(await listRollouts(store, 5), [other, third]);
  t.equal(await readRollout(store, 4), undefined);
});

t.test(
  'a rollout that version 0.1 stored goes on as it was begun: one by one, stopping at a failure',
  async (t) => {
    const store = new MemoryStore();
    const node = { previous: 1, startedAt: null, deadlineAt: null, endedAt: null, failure: null };
    const old = {
      revision: 2,
      from: 1,
      status: 'running',
      startedAt: 5,
      endedAt: null,
      nodeDeadlineMs: 60_000,
      nodes: [
        { ...node, node: 'a', status: 'offered', startedAt: 6, deadlineAt: 60_006 },
        { ...node, node: 'b', status: 'pending' },
        { ...node, node: 'c', status: 'pending' },
      ],
    };
    await store.transact({ writes: [putJson(keys.rollout(2), old)] });
    const world = new World();
    for (const name of ['a', 'b', 'c']) world.add(name);
    world.change('a', { settled: false });
    const shown = (await readRollout(store, 2))?.value;
    const read = (await openRollout(store, 2))?.value;
    t.same(read, shown);
    if (read === undefined) throw new Error('not read');
    t.equal(nextDeadline(read), 60_006);
    world.targets.set('a', { node: 'a', revision: 2, good: 1, attempt: 0, undo: false });
    world.runs('a');
    let state = world.settle(read);
    t.match(state.nodes, [{ status: 'succeeded' }, { status: 'offered' }]);
    await store.transact({ writes: rolloutWrites(read, state) });
    t.same((await readRollout(store, 2))?.value, state, 'nothing of it is lost by the first change');
    world.fails('b');
    state = world.settle(state);
    t.match(state, {
      status: 'failed',
      undone: false,
      nodes: [{ status: 'succeeded' }, { status: 'failed' }],
    });
  },
);

t.test(
  'times are moved with a wall clock that was set, and time in which the host was off does not count',
  (t) => {
    const world = new World();
    world.add('a');
    const policy = { strategy: 'canary', deadline: '10m', canary: { promote: '5m' } } as const;
    const state = world.begin(policy);
    const first = keepTime(state, { at: world.at, elapsed: 70_000, boot: 'one' });
    t.same({ ...first, clock: null }, state, 'from then on they are kept');
    const offsets = (kept: RolloutState, at: number): unknown => [
      (kept.deadlineAt ?? 0) - at,
      (kept.nodes[0]?.deadlineAt ?? 0) - at,
    ];
    const due = [600_000, deadline];
    t.same(offsets(first, world.at), due);
    const later = { at: world.at + 20_000, elapsed: 90_000, boot: 'one' };
    t.equal(keepTime(first, later), first, 'time passes');
    for (const jump of [-86_400_000, 86_400_000, -5000]) {
      const set = keepTime(first, { ...later, at: later.at + jump });
      t.same(
        offsets(set, later.at + jump),
        due.map((ms) => ms - 20_000),
        `set by ${jump}`,
      );
      t.equal(keepTime(set, { ...later, at: later.at + jump + 1000, elapsed: 91_000 }), set, 'once');
    }
    t.equal(keepTime(first, { ...later, at: later.at + 1500 }), first, 'what is kept right is no jump');
    const rebooted = { at: world.at + 3_600_000, elapsed: 20_000, boot: 'two' };
    t.same(offsets(keepTime(first, rebooted), rebooted.at), due);
    const paused = keepTime(world.ask(first, 'pause'), { ...later, at: later.at + 86_400_000 });
    t.equal((paused.pausedAt ?? 0) - world.at, 86_400_000);
    t.end();
  },
);
