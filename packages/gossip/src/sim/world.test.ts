import { test } from 'tap';
import { encodeTags } from '../core/index.js';
import { World } from './world.js';

const aliveEverywhere = (nodes: readonly { names(s: 'alive'): string[] }[], count: number): boolean =>
  nodes.every((node) => node.names('alive').length === count);

test('a cluster forms, stays quiet, and nobody is ever suspected', async (t) => {
  const world = new World({ seed: 1 });
  const nodes = world.cluster(12);
  world.run(5000);
  const before = world.packets;
  world.run(60_000);
  t.ok(aliveEverywhere(nodes, 12));
  const suspicions = nodes.reduce((sum, node) => sum + node.core.counters.suspicionsRaised, 0);
  t.equal(suspicions, 0);
  const perNodeAndSecond = (world.packets - before) / 12 / 60;
  t.ok(perNodeAndSecond < 4.1, `idle traffic is two pings and two acks a second: ${perNodeAndSecond}`);
});

test('a crash is found by all within the time that the parameters promise', async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World({ seed });
    const nodes = world.cluster(10);
    const [victim, ...others] = nodes;
    if (!victim) throw new Error('no victim');
    world.run(3000);
    victim.stop();
    const took = world.until(() => others.every((node) => node.status('n1') === 'dead'), 24_000);
    t.ok(took > 1000 && took < 4000, `seed ${seed}: ${took} ms`);
    t.ok(aliveEverywhere(others, 9), `seed ${seed}: nobody else was given up`);
  }
});

test('the same seed gives the same run, another seed another', async (t) => {
  const play = (seed: number): number => {
    const world = new World({ seed, loss: 0.1 });
    const nodes = world.cluster(8);
    nodes[3]?.stop();
    world.run(20_000);
    return world.fingerprint;
  };
  t.equal(play(7), play(7));
  t.not(play(7), play(8));
});

test('messages passed as objects make the same run as their bytes, packet for packet', async (t) => {
  const play = (mode: 'bytes' | 'objects'): { fingerprint: number; packets: number } => {
    const world = new World({ seed: 8, loss: 0.1, mode, config: { compress: false } });
    const nodes = world.cluster(12);
    nodes[3]?.stop();
    nodes[4]?.core.setMeta(encodeTags({ drain: 'yes' }));
    nodes[5]?.core.leave();
    world.run(60_000);
    const { fingerprint, packets } = world;
    return { fingerprint, packets };
  };
  t.same(play('objects'), play('bytes'));
});

test('one lost link between two nodes condemns neither', async (t) => {
  const world = new World({ seed: 3 });
  const nodes = world.cluster(5);
  const [a, b] = nodes;
  if (!a || !b) throw new Error('two nodes');
  world.cut(a, b);
  world.run(120_000);
  t.ok(aliveEverywhere(nodes, 5));
  t.equal(a.core.counters.suspicionsRaised + b.core.counters.suspicionsRaised, 0, 'others vouch for them');
});

test('heavy loss of datagrams kills nobody, because pings go over TCP as well', async (t) => {
  const world = new World({ seed: 4, loss: 0.3 });
  const nodes = world.cluster(10);
  world.run(300_000);
  const failures = nodes.reduce((sum, node) => sum + node.core.counters.failuresDeclared, 0);
  t.equal(failures, 0);
});

test('a leave is told apart from a crash, and quickly', async (t) => {
  const world = new World({ seed: 5 });
  const nodes = world.cluster(10);
  const [leaver, ...others] = nodes;
  leaver?.core.leave();
  const took = world.until(() => others.every((node) => node.status('n1') === 'left'), 5000);
  t.ok(took < 2000, `${took} ms`);
  world.until(() => leaver?.events.some((event) => event.kind === 'left') ?? false, 5000);
  leaver?.stop();
  world.run(30_000);
  t.same(others[0]?.changes('n1').slice(-1), ['leave'], 'no failure is told afterwards');
  t.equal(
    others.reduce((sum, node) => sum + node.core.counters.suspicionsRaised, 0),
    0,
  );
});

test('a leave does not wait behind the many updates of a busy cluster', async (t) => {
  const world = new World({ seed: 5, mode: 'objects', loss: 0.01 });
  const [leaver, ...others] = world.settled(100);
  world.run(2000);
  for (const node of others) node.core.setMeta(encodeTags({ change: 'x'.repeat(200) }));
  world.run(300);
  leaver?.core.leave();
  const done = world.until(() => leaver?.events.some((event) => event.kind === 'left') ?? false, 5000);
  t.ok(done <= 1000, `the leaver is done after ${done} ms`);
  t.ok(leaver && leaver.core.queued > 1, 'while updates still wait');
  const known = world.until(() => others.every((node) => node.status('n1') === 'left'), 5000);
  t.ok(known <= 1000, `all know it ${known} ms later`);
});

test('a node alone can leave at once', async (t) => {
  const world = new World({ seed: 6 });
  const node = world.add('alone');
  node.core.leave();
  t.ok(node.events.some((event) => event.kind === 'left'));
});

test('new tags reach everybody within a few rounds', async (t) => {
  const world = new World({ seed: 7 });
  const nodes = world.cluster(20);
  nodes[0]?.core.setMeta(encodeTags({ drain: 'yes' }));
  const meta = encodeTags({ drain: 'yes' });
  const knows = (node: (typeof nodes)[number]): boolean =>
    node.core.members().some((m) => m.name === 'n1' && m.meta?.length === meta.length);
  const took = world.until(() => nodes.every(knows), 5000);
  t.ok(took < 1500, `${took} ms`);
  t.same(nodes[9]?.changes('n1'), ['join', 'update']);
});

test('a healed partition grows together again by itself', async (t) => {
  for (const [seed, cutFor] of [
    [1, 20_000],
    [2, 60_000],
    [3, 600_000],
  ] as const) {
    const world = new World({ seed });
    const nodes = world.cluster(10);
    const [left, right] = [nodes.slice(0, 5), nodes.slice(5)];
    world.partition(left, right);
    world.run(cutFor);
    t.ok(
      left.every((node) => node.names('alive').length === 5),
      'each half goes on alone',
    );
    t.ok(right.every((node) => node.names('alive').length === 5));
    world.heal();
    const took = world.until(() => aliveEverywhere(nodes, 10), 120_000);
    t.ok(took < 45_000, `cut for ${cutFor} ms, whole after ${took} ms`);
    world.run(60_000);
    t.ok(aliveEverywhere(nodes, 10), 'and stays whole');
  }
});

test('a node that starts before its seed joins once the seed is there', async (t) => {
  const world = new World({ seed: 9 });
  const early = world.add('early');
  early.core.setSeeds([{ host: '10.0.9.9', port: 7946 }]);
  world.run(90_000);
  const seed = world.add('seed', { host: '10.0.9.9' });
  const took = world.until(() => seed.names('alive').length === 2, 60_000);
  t.ok(took <= 31_000, `${took} ms`);
});

test('a node restarted in place, having forgotten its incarnation, is taken back at once', async (t) => {
  for (const downFor of [100, 8000, 20_000, 60_000]) {
    const world = new World({ seed: downFor });
    const nodes = world.cluster(6);
    const [victim, ...others] = nodes;
    if (!victim || !others[0]) throw new Error('nodes');
    victim.core.setMeta(encodeTags({ revision: '1' }));
    world.run(2000);
    victim.stop();
    world.run(downFor);
    const again = world.add('n1');
    again.core.join(others[0].address);
    const took = world.until(() => aliveEverywhere([again, ...others], 6), 20_000);
    t.ok(took < 5000, `down for ${downFor} ms, back after ${took} ms`);
    world.run(30_000);
    t.ok(aliveEverywhere([again, ...others], 6), 'and stays');
  }
});

test('old news do not bring back a node that died long ago', async (t) => {
  const world = new World({ seed: 13 });
  const nodes = world.cluster(6);
  const [victim, holder, other] = nodes;
  if (!victim || !holder || !other) throw new Error('three nodes');
  holder.pause();
  victim.stop();
  world.run(60_000);
  t.equal(other.status('n1'), 'dead');
  holder.resume();
  world.until(() => other.status('n2') === 'alive' && holder.status('n1') === 'dead', 60_000);
  for (const node of nodes.slice(2)) {
    t.same(node.changes('n1').slice(-1), ['fail'], `${node.name} took nothing for a return`);
  }
});

test('a node frozen for a minute neither condemns others on waking nor stays condemned', async (t) => {
  for (const seed of [1, 2, 3]) {
    const world = new World({ seed });
    const nodes = world.cluster(6);
    const [frozen, ...others] = nodes;
    frozen?.pause();
    world.run(60_000);
    t.ok(others.every((node) => node.status('n1') === 'dead' || node.status('n1') === undefined));
    frozen?.resume();
    const took = world.until(() => aliveEverywhere(nodes, 6), 60_000);
    t.ok(took < 35_000, `seed ${seed}: back after ${took} ms`);
    t.equal(frozen?.core.counters.failuresDeclared, 0, 'it condemned nobody');
    const falsely = others.flatMap((node) => others.flatMap((other) => node.changes(other.name)));
    t.notOk(falsely.includes('fail'), 'and nobody was condemned through it');
  }
});

test('dead nodes become tombstones, still listed, and are forgotten in the end', async (t) => {
  const world = new World({ seed: 11, config: { tombstoneMs: 300_000, rejoinIntervalMs: 60_000 } });
  const nodes = world.cluster(4);
  nodes[0]?.stop();
  world.run(120_000);
  t.equal(nodes[1]?.status('n1'), 'dead', 'people still see it after the protocol dropped it');
  world.run(300_000);
  t.equal(nodes[1]?.status('n1'), undefined);
  t.same(nodes[1]?.changes('n1'), ['join', 'suspect', 'fail', 'forget']);
});

test('half of a larger cluster lost at once is found, and the rest holds together', async (t) => {
  const world = new World({ seed: 12 });
  const nodes = world.cluster(30);
  world.run(5000);
  const [lost, kept] = [nodes.slice(0, 15), nodes.slice(15)];
  for (const node of lost) node.stop();
  const took = world.until(() => kept.every((node) => node.names('alive').length === 15), 120_000);
  t.ok(took < 60_000, `${took} ms`);
  t.ok(kept.every((node) => kept.every((other) => node.status(other.name) === 'alive')));
});
