import { test } from 'tap';
import { encodeTags, type Judgment } from '../core/index.js';
import { encodeMessage } from '../core/wire/message-encoder.js';
import type { PacketMessage } from '../core/wire/message-types.js';
import type { SimNode } from './sim-node.js';
import { World } from './world.js';

/* What memberlist and Serf are known to get wrong, played here. */

const MAX_INCARNATION = 0xffff_ffff;
const JUDGMENTS: readonly Judgment[] = ['evidence', 'memberlist'];

const allAlive = (nodes: readonly SimNode[]): boolean =>
  nodes.every((node) => node.names('alive').length === nodes.length);

/** A cluster of `count`, as its first node, another one and the rest. */
function clusterOf(world: World, count: number): [first: SimNode, second: SimNode, ...rest: SimNode[]] {
  const [first, second, ...rest] = world.cluster(count);
  if (!first || !second) throw new Error('two nodes at least');
  return [first, second, ...rest];
}

/** Somebody who speaks the protocol, and is no member, tells these nodes something. */
function tell(nodes: readonly SimNode[], message: PacketMessage): void {
  for (const { core } of nodes) core.handlePacket(encodeMessage(message), { host: '10.9.9.9', port: 7946 });
}

test('exchanges do not grow by those that left', async (t) => {
  const world = new World({ seed: 1, config: { gossipToTheDeadMs: 5000 } });
  const stayed = clusterOf(world, 3);
  const sizes: number[] = [];
  for (let i = 0; i < 40; i++) {
    const guest = world.add(`guest-${i}`);
    guest.core.join(stayed[0].address);
    world.until(() => stayed.every((node) => node.status(guest.name) === 'alive'), 30_000);
    guest.leave();
    world.until(() => stayed.every((node) => node.status(guest.name) === 'left'), 30_000);
    guest.stop();
    world.run(2000);
    const answer = stayed[0].core.handleRequest({
      type: 'pushPull',
      join: false,
      nodes: [],
      userState: new Uint8Array(0),
    });
    if (answer?.type !== 'pushPull') throw new Error('no push-pull');
    t.ok(answer.nodes.length <= 3 + 3, `${answer.nodes.length} nodes after ${i + 1} guests`);
    sizes.push(answer.userState.length);
  }
  t.ok(Math.max(...sizes.slice(20)) <= Math.max(...sizes.slice(0, 20)) + 10, `Serf's state: ${sizes}`);
  t.equal(stayed[0].names('left').length, 40, 'people still see them');
});

for (const judgment of JUDGMENTS) {
  test(`many nodes restarted at once, their incarnations forgotten, are all back soon: ${judgment}`, async (t) => {
    for (const [seed, kept] of [
      [1, 5],
      [2, 1],
      [3, 10],
    ] as const) {
      const world = new World({ seed, config: { judgment } });
      const names = Array.from({ length: 20 }, (_, i) => `n${i + 1}`);
      const nodes = names.map((name) => world.add(name, { incarnation: 99 }));
      const [first] = nodes;
      if (!first) throw new Error('no node');
      for (const node of nodes) node.core.join(first.address);
      world.until(() => allAlive(nodes), 60_000);
      for (const node of nodes.slice(kept)) node.stop();
      world.until(() => first.names('dead').length === 20 - kept, 600_000);
      const back = names.slice(kept).map((name) => world.add(name));
      const all = [...nodes.slice(0, kept), ...back];
      for (const node of back) node.core.join(first.address);
      const took = world.until(() => allAlive(all), 60_000);
      t.ok(took < 5000, `${20 - kept} of 20 are back after ${took} ms`);
      t.ok(
        back.every(({ core }) => core.self.incarnation > 100),
        'above the accusations',
      );
      world.run(60_000);
      t.ok(allAlive(all), 'and they stay');
    }
  });
}

test('one packet with the greatest incarnation evicts nobody', async (t) => {
  const vsn = Uint8Array.of(1, 5, 2, 2, 5, 5);
  const addr = Uint8Array.of(10, 0, 0, 2);
  const packets: readonly PacketMessage[] = [
    { type: 'suspect', node: 'n2', incarnation: MAX_INCARNATION, from: 'n3' },
    { type: 'dead', node: 'n2', incarnation: MAX_INCARNATION, from: 'n3' },
    { type: 'dead', node: 'n2', incarnation: MAX_INCARNATION, from: 'n2' },
    { type: 'alive', node: 'n2', incarnation: MAX_INCARNATION, addr, port: 7946, meta: null, vsn },
  ];
  for (const packet of packets) {
    const world = new World({ seed: 4 });
    const nodes = clusterOf(world, 5);
    tell(nodes, packet);
    world.run(120_000);
    t.ok(allAlive(nodes), packet.type);
    t.ok(
      nodes.every((node) => !node.changes('n2').some((change) => change !== 'join')),
      'nobody took it for anything',
    );
    t.equal(nodes[1].core.self.incarnation, 1);
  }
});

for (const judgment of JUDGMENTS) {
  test(`a crash makes no healthy node doubt itself: ${judgment}`, async (t) => {
    for (let seed = 1; seed <= 10; seed++) {
      const world = new World({ seed, config: { judgment } });
      const [victim, ...others] = clusterOf(world, 6);
      world.run(3000);
      victim.vanish();
      let worst = 0;
      for (let time = 0; time < 15_000; time += 50) {
        world.run(50);
        worst = Math.max(worst, ...others.map(({ core }) => core.healthScore));
      }
      t.ok(others.every((node) => node.status(victim.name) === 'dead'));
      t.equal(worst, 0, `seed ${seed}`);
    }
  });
}

test('a message to all goes out as soon as ever while all members change their tags again and again', async (t) => {
  for (const busy of [false, true]) {
    const world = new World({ seed: 6, mode: 'objects' });
    const nodes = world.settled(60);
    const [sender] = nodes;
    const change = (round: number): void => {
      if (!busy) return;
      for (const { core } of nodes) core.setMeta(encodeTags({ round: `${round} ${'x'.repeat(40)}` }));
    };
    for (let round = 0; round < 20; round++) {
      change(round);
      world.run(100);
    }
    if (busy) t.ok(sender && sender.core.queued > 40, `${sender?.core.queued} updates wait`);
    sender?.core.broadcast(Buffer.alloc(300, 'x'));
    const heard = (): number =>
      nodes.filter(({ events }) => events.some(({ kind }) => kind === 'user')).length;
    for (let round = 0; round < 10; round++) {
      change(100 + round);
      world.run(100);
    }
    t.ok(heard() >= 3, `${busy ? 'busy' : 'quiet'}: ${heard()} have it after 1000 ms and 8 sends`);
  }
});

test('a message that each passes on when it hears it first reaches all of a large cluster', async (t) => {
  const world = new World({ seed: 12, mode: 'objects', loss: 0.05 });
  const nodes = world.settled(200);
  const body = Buffer.from('\u00ffhello');
  const heard = new Set<SimNode>();
  world.watch({
    heard: (node, event) => {
      if (event.kind !== 'user' || heard.has(node)) return;
      heard.add(node);
      world.after(0, () => node.core.broadcast(body));
    },
  });
  nodes[0]?.core.broadcast(body);
  const took = world.until(() => heard.size >= 199, 10_000);
  t.ok(took < 3000, `${heard.size} of 200 have it after ${took} ms`);
});

test('a node restarted in place again and again makes no storm', async (t) => {
  const world = new World({ seed: 7 });
  let [victim, ...others] = clusterOf(world, 5);
  for (const downFor of ['short', 'dead', 'dead', 'short', 'short', 'dead', 'dead', 'dead']) {
    victim.stop();
    if (downFor === 'short') world.run(50);
    else world.until(() => others.every((node) => node.status('n1') === 'dead'), 30_000);
    victim = world.add('n1');
    victim.core.join(others[0]?.address ?? victim.address);
    const took = world.until(() => allAlive([victim, ...others]), 30_000);
    t.ok(took < 3000, `down until ${downFor}, back after ${took} ms`);
  }
  world.run(10_000);
  const nodes = [victim, ...others];
  const { packets } = world;
  const failed = nodes.map(({ core }) => core.counters.probesFailed);
  world.run(60_000);
  const rate = (world.packets - packets) / 60 / nodes.length;
  t.ok(rate < 4.1, `quiet again: ${rate} packets a second and node, two pings and two acks`);
  t.same(
    nodes.map(({ core }) => core.counters.probesFailed),
    failed,
    'and no probe fails',
  );
  t.ok(allAlive(nodes));
});

test('a name moves to another address as soon as it is gone from the old one', async (t) => {
  const world = new World({ seed: 8 });
  const [first, second, ...others] = clusterOf(world, 5);
  for (const [i, end] of (['crash', 'leave'] as const).entries()) {
    const before = world.node('n2') ?? second;
    if (end === 'leave') {
      before.leave();
      world.until(() => first.status('n2') === 'left', 10_000);
    }
    before.stop();
    world.until(() => [first, ...others].every((node) => node.status('n2') !== 'alive'), 30_000);
    world.until(() => [first, ...others].every((node) => node.status('n2') !== 'suspect'), 30_000);
    const moved = world.add('n2', { host: `10.0.8.${i + 1}` });
    moved.core.join(first.address);
    const took = world.until(() => allAlive([moved, first, ...others]), 30_000);
    t.ok(took < 3000, `${end}: known at its new address after ${took} ms`);
    for (const node of [first, ...others]) {
      t.equal(node.core.member('n2')?.address.host, `10.0.8.${i + 1}`);
    }
  }
});

test('a node that starts at another address before it is missed at the old one is taken over in time', async (t) => {
  for (const count of [2, 5, 20]) {
    const times: number[] = [];
    for (let seed = 1; seed <= 7; seed++) {
      const world = new World({ seed });
      const [first, second, ...others] = clusterOf(world, count);
      world.run(3000);
      second.stop();
      const moved = world.add('n2', { host: '10.0.8.1' });
      moved.core.join(first.address);
      const rest = [first, ...others];
      const known = (node: SimNode): boolean => node.core.member('n2')?.address.host === '10.0.8.1';
      times.push(world.until(() => rest.every(known) && allAlive([moved, ...rest]), 60_000));
    }
    times.sort((x, y) => x - y);
    t.ok((times[3] ?? 0) < 4000, `${count} nodes: ${times} ms`);
  }
});

test('old news of a former address do not bring back a node that has left', async (t) => {
  for (const goneFor of [2000, 60_000]) {
    const world = new World({ seed: 13 });
    const [first, second, holder, ...others] = clusterOf(world, 6);
    if (!holder) throw new Error('three nodes');
    const awake = [first, ...others];
    holder.pause();
    second.stop();
    const moved = world.add('n2', { host: '10.0.8.1' });
    moved.core.join(first.address);
    const known = (node: SimNode): boolean => node.core.member('n2')?.address.host === '10.0.8.1';
    world.until(() => awake.every(known), 60_000);
    moved.leave();
    world.until(() => awake.every((node) => node.status('n2') === 'left'), 10_000);
    moved.stop();
    world.run(goneFor);
    t.equal(holder.core.member('n2')?.address.host, second.address.host);
    holder.resume();
    world.run(60_000);
    for (const node of awake) {
      t.same(
        [node.status('n2'), ...node.changes('n2').slice(-1)],
        ['left', 'leave'],
        `${node.name}, ${goneFor} ms`,
      );
    }
    t.equal(first.status(holder.name), 'alive');
    t.not(holder.status('n2'), 'alive');
  }
});

test('one claim with versions of its own blocks no later join', async (t) => {
  const world = new World({ seed: 9 });
  const nodes = clusterOf(world, 4);
  const addr = Uint8Array.of(10, 0, 0, 99);
  for (const bytes of [
    [1, 5, 2, 0, 0, 0],
    [5, 5, 5, 9, 9, 9],
    [1, 1, 1, 2, 5, 5],
  ]) {
    const vsn = Uint8Array.from(bytes);
    tell(nodes, { type: 'alive', node: `rogue-${bytes}`, incarnation: 1, addr, port: 7946, meta: null, vsn });
  }
  const late = world.add('late');
  late.core.join(nodes[0].address);
  world.until(() => allAlive([...nodes, late]), 10_000);
  const outcomes = late.events.flatMap((event) => (event.kind === 'synced' ? [event.error] : []));
  t.same(outcomes, [undefined]);
  world.run(60_000);
  t.ok(allAlive([...nodes, late]), 'and it stays that way');
});

for (const [judgment, limitMs] of [
  ['evidence', 5000],
  ['memberlist', 9000],
] as const) {
  test(`the third crash in a cluster of five is found as fast as the first: ${judgment}`, async (t) => {
    for (let seed = 1; seed <= 10; seed++) {
      const world = new World({ seed, config: { judgment } });
      const nodes = world.cluster(5);
      world.run(5000);
      const took = ['n1', 'n2', 'n3'].map((name, i) => {
        world.node(name)?.stop();
        return world.until(() => nodes.slice(i + 1).every((node) => node.status(name) === 'dead'), 60_000);
      });
      const [first = 0, , third = 0] = took;
      t.ok(third < Math.max(limitMs, first + 1000), `seed ${seed}: ${took} ms`);
    }
  });
}

test('a node that kept its incarnation is back without having to refute', async (t) => {
  for (const down of ['short', 'until dead']) {
    const world = new World({ seed: 11 });
    const [first, second, ...others] = clusterOf(world, 5);
    second.core.setMeta(encodeTags({ revision: '7' }));
    world.run(3000);
    const { incarnation } = second.core.self;
    second.stop();
    if (down === 'short') world.run(100);
    else world.until(() => [first, ...others].every((node) => node.status('n2') === 'dead'), 30_000);
    const again = world.add('n2', { incarnation: incarnation + 1 });
    again.core.join(first.address);
    const took = world.until(() => allAlive([again, first, ...others]), 10_000);
    world.run(30_000);
    t.ok(took < 2000, `${down}: back after ${took} ms`);
    t.equal(again.core.counters.selfRefutations, 0, 'nobody had anything against it');
    t.equal(first.core.member('n2')?.incarnation, incarnation + 2);
  }
});
