import type { FailureView } from '@shoal/common';
import t from 'tap';
import {
  advance,
  beginRollout,
  nextDeadline,
  type Observation,
  type ObservedNode,
  type Presence,
  type RolloutState,
  resume,
  supersede,
  type TargetChange,
} from './machine.js';

const failure: FailureView = {
  service: 'web',
  step: 'conf',
  message: 'no',
  output: 'nginx: [emerg]',
  undone: true,
};
const deadline = 60_000;

/** A cluster in memory: nodes converge in steps, may break, go offline and come back; targets are kept as the store would. */
class World {
  at = 1000;
  readonly nodes = new Map<string, ObservedNode>();
  readonly targets = new Map<string, TargetChange>();

  add(name: string, part: Partial<ObservedNode> = {}): void {
    this.nodes.set(name, {
      presence: 'connected',
      hash: `new-${name}`,
      running: `old-${name}`,
      failed: null,
      settled: true,
      good: 1,
      ...part,
    });
  }

  change(name: string, part: Partial<ObservedNode>): void {
    this.add(name, { ...this.nodes.get(name), ...part });
  }

  get observation(): Observation {
    return { at: this.at, nodes: this.nodes };
  }

  /** Advances until nothing changes, as the driver does. */
  settle(state: RolloutState): RolloutState {
    for (let step = 0; step < 100; step += 1) {
      const next = advance(state, this.observation);
      for (const target of next.targets) this.targets.set(target.node, target);
      if (next.state === state) return state;
      state = next.state;
    }
    throw new Error('the rollout never settles');
  }

  runs(name: string): void {
    this.change(name, { running: `new-${name}`, settled: true });
  }

  fails(name: string, revision: number): void {
    this.change(name, { failed: { hash: `new-${name}`, revision, failure }, settled: true });
  }
}

const begin = (world: World): RolloutState =>
  world.settle(beginRollout({ revision: 2, from: 1, at: world.at, nodeDeadlineMs: deadline }));
const statuses = (state: RolloutState): Record<string, string> =>
  Object.fromEntries(state.nodes.map(({ node, status }) => [node, status]));

t.test('one node after another, by name', async (t) => {
  const world = new World();
  for (const name of ['b', 'c', 'a']) world.add(name);
  let state = begin(world);
  t.same(statuses(state), { a: 'offered', b: 'pending', c: 'pending' });
  t.same([...world.targets.keys()], ['a'], 'only it is asked to change');
  t.equal(nextDeadline(state), world.at + deadline);
  for (const name of ['a', 'b', 'c']) {
    world.at += 10;
    world.runs(name);
    state = world.settle(state);
  }
  t.equal(state.status, 'succeeded');
  t.equal(state.endedAt, world.at);
  t.same(
    [...world.targets.values()].map(({ revision, good }) => [revision, good]),
    [
      [2, 2],
      [2, 2],
      [2, 2],
    ],
  );
  t.equal(nextDeadline(state), undefined);
});

t.test('the first failure stops it; the failed node goes back, the others stay untouched', async (t) => {
  const world = new World();
  for (const name of ['a', 'b', 'c', 'd']) world.add(name);
  world.change('d', { presence: 'offline' });
  let state = begin(world);
  world.runs('a');
  state = world.settle(state);
  world.fails('b', 2);
  state = world.settle(state);
  t.equal(state.status, 'failed');
  t.same(statuses(state), { a: 'succeeded', b: 'failed', c: 'untouched', d: 'untouched' });
  t.same(world.targets.get('b'), { node: 'b', revision: 1, good: 1 });
  t.notOk(world.targets.has('c') || world.targets.has('d'));
  t.same(state.nodes[1]?.failure, failure);
  world.change('d', { presence: 'connected' });
  t.equal(world.settle(state), state, 'a node that comes back is not offered a revision that failed');
});

t.test("a failure of the same content at an earlier revision isn't this attempt's", async (t) => {
  const world = new World();
  world.add('a', { failed: { hash: 'new-a', revision: 1, failure } });
  let state = begin(world);
  t.same(statuses(state), { a: 'offered' });
  world.fails('a', 2);
  state = world.settle(state);
  t.equal(state.status, 'failed');
});

t.test('a node that misses its deadline fails, connected or not', async (t) => {
  for (const presence of ['connected', 'away', 'offline'] as const) {
    const world = new World();
    world.add('a');
    world.add('b');
    let state = begin(world);
    world.change('a', { presence, settled: false });
    world.at += deadline - 1;
    state = world.settle(state);
    t.equal(state.status, 'running');
    world.at += 1;
    state = world.settle(state);
    t.equal(state.status, 'failed');
    t.equal(state.nodes[0]?.failure?.step, 'deadline');
    t.match(
      state.nodes[0]?.failure?.message,
      presence === 'connected' ? /didn't converge within 60 s/ : /lost its link/,
    );
    t.equal(world.targets.get('a')?.revision, 1);
  }
});

t.test('time in which the controller was down counts for no deadline', async (t) => {
  const world = new World();
  world.add('a');
  let state = begin(world);
  const startedAt = world.at;
  world.change('a', { presence: 'away', settled: false });
  world.at += 10 * deadline;
  state = world.settle(resume(state, world.at));
  t.equal(state.status, 'running');
  t.same([state.nodes[0]?.startedAt, nextDeadline(state)], [startedAt, world.at + deadline]);
  world.change('a', { presence: 'connected' });
  world.runs('a');
  state = world.settle(state);
  t.equal(state.status, 'succeeded');
  t.equal(resume(state, world.at), state);
});

t.test('offline nodes are skipped, and get the revision when they come back', async (t) => {
  const world = new World();
  for (const name of ['a', 'b', 'c']) world.add(name);
  world.change('b', { presence: 'offline' });
  let state = begin(world);
  t.same(statuses(state), { a: 'offered', b: 'offline', c: 'pending' });
  world.runs('a');
  state = world.settle(state);
  t.same(statuses(state), { a: 'succeeded', b: 'offline', c: 'offered' });
  t.notOk(world.targets.has('b'), 'not before the revision has proven itself');
  world.runs('c');
  state = world.settle(state);
  t.equal(state.status, 'succeeded');
  t.same(statuses(state), { a: 'succeeded', b: 'offline', c: 'succeeded' });
  t.same(world.targets.get('b'), { node: 'b', revision: 2, good: 1 });
});

t.test('a node that comes back during the rollout joins the queue', async (t) => {
  const world = new World();
  for (const name of ['a', 'b']) world.add(name);
  world.change('b', { presence: 'offline' });
  let state = begin(world);
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
  let state = begin(world);
  t.same(statuses(state), { a: 'pending', b: 'pending' });
  world.change('b', { presence: 'connected' });
  state = world.settle(state);
  t.same(statuses(state), { a: 'pending', b: 'offered' });
});

t.test('with every node offline it waits for one to prove the revision', async (t) => {
  const world = new World();
  for (const name of ['a', 'b']) world.add(name, { presence: 'offline' });
  let state = begin(world);
  t.equal(state.status, 'running');
  t.equal(world.targets.size, 0);
  world.change('a', { presence: 'connected' });
  state = world.settle(state);
  t.same(statuses(state), { a: 'offered', b: 'offline' });
  world.runs('a');
  t.equal(world.settle(state).status, 'succeeded');
});

t.test('a cluster without nodes, and nodes that run the content already, need no offer', async (t) => {
  t.equal(begin(new World()).status, 'succeeded');
  const world = new World();
  for (const name of ['a', 'b']) world.add(name, { running: `new-${name}` });
  const state = begin(world);
  t.equal(state.status, 'succeeded');
  t.same(
    state.nodes.map(({ startedAt }) => startedAt),
    [null, null],
  );
  t.equal(world.targets.get('a')?.revision, 2);
});

t.test('nodes that enroll join the queue, nodes that are removed leave it', async (t) => {
  const world = new World();
  world.add('a');
  world.add('b');
  let state = begin(world);
  world.add('c', { running: '', good: 0 });
  world.nodes.delete('a');
  state = world.settle(state);
  t.same(statuses(state), { b: 'offered', c: 'pending' });
  world.runs('b');
  state = world.settle(state);
  world.fails('c', 2);
  state = world.settle(state);
  t.same(
    world.targets.get('c'),
    { node: 'c', revision: 0, good: 0 },
    'nothing is asked of one that never ran anything',
  );
});

t.test('superseded: it ends, and the next one begins with the node that is still at work', async (t) => {
  const world = new World();
  for (const name of ['a', 'b', 'c']) world.add(name);
  let state = begin(world);
  world.runs('a');
  state = world.settle(state);
  world.change('b', { settled: false });
  const old = supersede(state, 5000);
  t.equal(old.status, 'superseded');
  t.equal(old.endedAt, 5000);
  t.same(statuses(old), { a: 'succeeded', b: 'offered', c: 'untouched' });
  t.equal(world.settle(old), old);
  t.equal(supersede(old, 6000), old, 'once');
  for (const name of ['a', 'b', 'c']) world.change(name, { hash: `third-${name}` });
  const next = world.settle(beginRollout({ revision: 3, from: 1, at: 6000, nodeDeadlineMs: deadline }));
  t.same(statuses(next), { a: 'pending', b: 'offered', c: 'pending' });
});

t.test("going back to what still runs isn't done while the node is at work on something else", async (t) => {
  const world = new World();
  world.add('a', { hash: 'old-a', settled: false });
  let state = begin(world);
  t.same(statuses(state), { a: 'offered' });
  world.change('a', { settled: true });
  state = world.settle(state);
  t.equal(state.status, 'succeeded');
});

/** mulberry32: small, seeded, good enough to pick faults. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** One rollout under faults of a seed: broken nodes, lost links, controllers that die before or after a write. Gives what is wrong. */
function simulate(seed: number): string | undefined {
  const chance = random(seed);
  const world = new World();
  const names = Array.from({ length: 1 + Math.floor(chance() * 6) }, (_, index) => `n${index}`);
  for (const name of names) world.add(name);
  const broken = chance() < 0.4 ? names[Math.floor(chance() * names.length)] : undefined;
  /** What the store holds; the controller's memory may be newer for a moment, and is lost when it dies. */
  let stored = beginRollout({ revision: 2, from: 1, at: world.at, nodeDeadlineMs: deadline });
  for (let tick = 0; tick < 400 && stored.status === 'running'; tick += 1) {
    world.at += 500;
    const { state, targets } = advance(stored, world.observation);
    if (chance() < 0.7) {
      stored = state;
      for (const target of targets) world.targets.set(target.node, target);
    }
    const under = stored.nodes.filter(({ status }) => status === 'offered');
    if (under.length > 1) return `seed ${seed}: ${under.length} nodes under way at once`;
    for (const [name, node] of world.nodes) {
      const presences: Presence[] = ['connected', 'connected', 'connected', 'away', 'offline'];
      if (chance() < 0.1)
        world.change(name, { presence: presences[Math.floor(chance() * 5)] ?? 'connected' });
      if (
        world.targets.get(name)?.revision !== 2 ||
        node.running === node.hash ||
        node.presence !== 'connected'
      )
        continue;
      if (chance() < 0.3) world.change(name, { settled: false });
      else if (name === broken) world.fails(name, 2);
      else world.runs(name);
    }
  }
  return verdict(seed, world, stored, broken);
}

function verdict(
  seed: number,
  world: World,
  state: RolloutState,
  broken: string | undefined,
): string | undefined {
  const wrong = (what: string): string => `seed ${seed}: ${what} ${JSON.stringify(state)}`;
  if (state.status === 'running') return wrong('never ended');
  for (const { node, status } of state.nodes) {
    const target = world.targets.get(node)?.revision ?? 1;
    const runs = world.nodes.get(node)?.running === `new-${node}`;
    if (status === 'succeeded' && (!runs || target !== 2))
      return wrong(`${node} succeeded without running it`);
    if (status === 'failed' && target !== 1) return wrong(`${node} failed and is still asked for it`);
    if (status === 'untouched' && target !== 1) return wrong(`${node} is asked for a revision that failed`);
    if (state.status === 'succeeded' && target !== 2) return wrong(`${node} was forgotten`);
    if (state.status === 'succeeded' && node === broken && status !== 'offline')
      return wrong('succeeded on a broken node');
  }
  const failed = state.nodes.filter(({ status }) => status === 'failed').length;
  if (failed > 1) return wrong(`${failed} nodes failed`);
  return failed === (state.status === 'failed' ? 1 : 0) ? undefined : wrong('status and nodes differ');
}

t.test(
  'whatever fails, and wherever the controller dies, no node is lost or asked for what failed',
  async (t) => {
    const problems: string[] = [];
    for (let seed = 1; seed <= 3000 && problems.length === 0; seed += 1) {
      const problem = simulate(seed);
      if (problem !== undefined) problems.push(problem);
    }
    t.same(problems, []);
  },
);
