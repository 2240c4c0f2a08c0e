import { test } from 'tap';
import type { ExchangeResult, Packet, StreamMessage, Timer } from '../core/index.js';
import { partOf } from '../core/wire/part.js';
import { seededRandom } from './prng.js';
import { Process, SOCKET_BUFFER_PACKETS } from './process.js';
import { Scheduler } from './scheduler.js';
import { World } from './world.js';

/** A world with everything in it that can go wrong; what it comes to depends on the seed alone. */
function playAll(seed: number): number {
  const world = new World({
    seed,
    loss: 0.05,
    duplicates: 0.02,
    stragglers: 0.05,
    stragglerMs: 300,
    clockDrift: 0.01,
  });
  world.network.setLink('main', 'far', { latencyMs: [20, 60], loss: 0.02 });
  world.network.setLink('far', 'main', { latencyMs: [30, 90], loss: 0.02 });
  const nodes = world.cluster(8);
  const far = world.add('far', { site: 'far' });
  const [a, b, c, d] = nodes;
  if (!a || !b || !c || !d) throw new Error('four nodes');
  far.core.join(a.address);
  world.after(1000, () => b.slow(400));
  world.after(2000, () => world.cut(a, d, true));
  world.after(3000, () => c.pause());
  world.after(4000, () => d.vanish());
  world.after(9000, () => c.resume());
  world.after(9500, () => world.network.setStorm(0.3));
  world.after(12_000, () => world.add('n4').core.join(a.address));
  world.run(30_000);
  return world.fingerprint;
}

test('with every fault at work, the same seed gives the same run, and another seed another', async (t) => {
  t.equal(playAll(5), playAll(5));
  t.not(playAll(5), playAll(6));
});

test('tasks run by time, and in the order of scheduling where times are equal', async (t) => {
  const scheduler = new Scheduler();
  const random = seededRandom(1);
  const ran: { at: number; order: number }[] = [];
  for (let order = 0; order < 5000; order++) {
    const at = Math.floor(random() * 500);
    scheduler.schedule(at, { run: () => ran.push({ at, order }) });
  }
  scheduler.advance(1000);
  const sorted = [...ran].sort((a, b) => a.at - b.at || a.order - b.order);
  t.equal(ran.length, 5000);
  t.same(ran, sorted);
  t.equal(scheduler.size, 0);
});

test('a task that schedules another at once sees it run within the same time', async (t) => {
  const scheduler = new Scheduler();
  const ran: number[] = [];
  scheduler.schedule(5, { run: () => scheduler.schedule(0, { run: () => ran.push(scheduler.now) }) });
  scheduler.advance(5);
  t.same(ran, [5]);
});

test('a frozen process keeps as many datagrams as a socket holds, and reads them before its timers', async (t) => {
  const process = new Process(new Scheduler(), seededRandom(1));
  const ran: string[] = [];
  process.freeze();
  process.other({ run: () => ran.push('timer') });
  for (let i = 0; i < SOCKET_BUFFER_PACKETS + 10; i++) process.packet({ run: () => ran.push(`packet ${i}`) });
  t.equal(process.overflowed, 10);
  t.same(ran, []);
  process.thaw();
  t.equal(ran.length, SOCKET_BUFFER_PACKETS + 1);
  t.equal(ran[0], 'packet 0');
  t.equal(ran.at(-1), 'timer');
});

test('a slow process handles one thing after the other, each after a delay', async (t) => {
  const scheduler = new Scheduler();
  const process = new Process(scheduler, seededRandom(2));
  const at: number[] = [];
  process.slow(100);
  for (let i = 0; i < 20; i++) process.packet({ run: () => at.push(scheduler.now) });
  scheduler.advance(300);
  t.ok(at.length > 2 && at.length < 15, `${at.length} of 20 within 300 ms of at most 100 each`);
  process.slow(0);
  t.equal(at.length, 20, 'once it is healthy, nothing waits');
});

const PING: StreamMessage = {
  type: 'ping',
  seqNo: 4711,
  node: '',
  sourceAddr: null,
  sourcePort: 0,
  sourceNode: '',
};

/** Outcome and time of one ping over TCP from the first node to the second. */
function dial(world: World, prepare: (world: World) => void): { result: ExchangeResult; tookMs: number } {
  const [a, b] = world.cluster(2);
  if (!a || !b) throw new Error('two nodes');
  prepare(world);
  const replies: ExchangeResult[] = [];
  a.core.handleReply = (_, result): number => replies.push(result);
  const exchange = { kind: 'ping', seqNo: 4711 } as const;
  a.exchange(PING, b.address, exchange, 500);
  const tookMs = world.until(() => replies.length > 0, 2000);
  const [result] = replies;
  if (!result) throw new Error('no result');
  return { result, tookMs };
}

test('a live host refuses for a process that is gone; a host that is gone, and a cut link, are silent', async (t) => {
  const second = (world: World) => world.node('n2');
  const refused = dial(new World({ seed: 1 }), (world) => second(world)?.stop());
  t.same(refused.result, { ok: false, error: 'refused', refused: true });
  t.ok(refused.tookMs < 20);

  for (const silence of [
    (world: World): void => second(world)?.vanish(),
    (world: World): void => second(world)?.pause(),
    (world: World): void => {
      const [a, b] = world.nodes;
      if (a && b) world.cut(b, a, true);
    },
  ]) {
    const silent = dial(new World({ seed: 1 }), silence);
    t.same(silent.result, { ok: false, error: 'timeout' });
    t.ok(silent.tookMs >= 490);
  }
});

test('links can differ by site, lose, duplicate and reorder', async (t) => {
  const arrivals = (quality: ConstructorParameters<typeof World>[0]): number[] => {
    const world = new World({ ...quality, config: { probeIntervalMs: 1e9, probeTimeoutMs: 1e8 } });
    const [a, b] = [world.add('a', { site: 'x' }), world.add('b', { site: 'y' })];
    world.network.setLink('x', 'y', { latencyMs: [40, 50] });
    const seen: number[] = [];
    b.core.handleMessages = (messages): void => {
      for (const message of messages) if (message.type === 'nack') seen.push(message.seqNo);
    };
    const nack = (seqNo: number): Packet => ({ parts: [partOf({ type: 'nack', seqNo })], crc: false });
    for (let i = 0; i < 200; i++) world.after(i, () => a.send(nack(i), b.address));
    world.run(41);
    t.ok(seen.length <= 2, 'nothing arrives before the least latency');
    world.run(10_000);
    return seen;
  };
  const plain = arrivals({ mode: 'objects', seed: 3 });
  t.equal(plain.length, 200);
  const lossy = arrivals({ mode: 'objects', seed: 3, loss: 0.2 }).length;
  t.ok(lossy > 130 && lossy < 185, `${lossy} of 200 at a loss of 20 %`);
  const twice = arrivals({ mode: 'objects', seed: 3, duplicates: 0.5 }).length;
  t.ok(twice > 260 && twice < 340, `${twice} of 200 with half of them doubled`);
  const jumbled = arrivals({ mode: 'objects', seed: 3, stragglers: 0.2, stragglerMs: 1000 });
  t.equal(jumbled.length, 200);
  t.ok(Math.max(...jumbled.map((value, i) => i - value)) > 100, 'some are overtaken by a hundred');
});

test('clocks run apart, each by its own rate', async (t) => {
  const world = new World({ seed: 4, clockDrift: 0.01 });
  const nodes = [world.add('a'), world.add('b'), world.add('c')];
  world.run(100_000);
  const clocks = nodes.map((node) => node.now());
  t.equal(new Set(clocks).size, 3);
  t.ok(clocks.every((clock) => Math.abs(clock - 100_000) <= 1000));
  const [first] = nodes;
  const due: number[] = [];
  if (first) {
    first.core.handleTimer = (timer: Timer): void => {
      if (timer.kind === 'farewell') due.push(first.now());
    };
    const from = first.now();
    first.schedule(5000, { kind: 'farewell' });
    world.run(6000);
    t.ok(Math.abs((due[0] ?? 0) - from - 5000) < 0.001, 'timers go by the clock of their own node');
  }
});
