import { test } from 'tap';
import { seededRandom } from '../sim/prng.js';
import { Awareness } from './awareness.js';
import { BroadcastQueue } from './broadcast-queue.js';
import { resolveConfig } from './config.js';
import { pushPullInterval, suspicionDuration } from './formulas.js';
import { Suspicion } from './judgment/suspicion.js';
import { type SuspicionTerms, suspicionTerms } from './judgment/suspicion-terms.js';
import { pickSome, shuffle } from './random.js';
import type { UserMessage } from './wire/message-types.js';

/* The figures that memberlist's own tests state, so that both behave the same where nothing else is decided. */

test('health takes the steps that memberlist states', async (t) => {
  const health = new Awareness(8);
  const steps: readonly (readonly [delta: number, score: number, seconds: number])[] = [
    [0, 0, 1],
    [-1, 0, 1],
    [-10, 0, 1],
    [1, 1, 2],
    [-1, 0, 1],
    [10, 7, 8],
    [-1, 6, 7],
    [-1, 5, 6],
    [-1, 4, 5],
    [-1, 3, 4],
    [-1, 2, 3],
    [-1, 1, 2],
    [-1, 0, 1],
    [-1, 0, 1],
  ];
  for (const [i, [delta, score, seconds]] of steps.entries()) {
    health.apply(delta);
    t.same([health.score, health.scale(1000)], [score, seconds * 1000], `step ${i + 1}: ${delta}`);
  }
});

test('what remains of a suspicion is what memberlist states', async (t) => {
  const rows: readonly (readonly [confirmations: number, elapsed: number, remaining: number])[] = [
    [0, 0, 30_000],
    [1, 2000, 14_000],
    [2, 3000, 4810],
    [3, 4000, -2000],
    [4, 5000, -3000],
    [5, 10_000, -8000],
  ];
  for (const [confirmations, elapsed, remaining] of rows) {
    const left = suspicionDuration(confirmations, 3, 2000, 30_000) - elapsed;
    t.equal(left, remaining, `${confirmations} confirmations after ${elapsed} ms`);
  }
});

/** Terms under which nothing but confirmations counts. */
const terms = (expected: number, minMs: number, maxMs: number): SuspicionTerms => ({
  expected,
  minMs,
  maxMs,
  needed: Number.POSITIVE_INFINITY,
  confirmedMs: minMs,
  refusedMs: Number.POSITIVE_INFINITY,
});

test('each of three confirmations shortens a suspicion as in memberlist', async (t) => {
  const suspicion = new Suspicion(terms(3, 500, 2000), 'me', 10_000);
  const told: readonly (readonly [from: string, news: boolean, lasts: number])[] = [
    ['me', false, 2000],
    ['a', true, 1250],
    ['me', false, 1250],
    ['a', false, 1250],
    ['b', true, 811],
    ['b', false, 811],
    ['c', true, 500],
    ['d', false, 500],
  ];
  t.equal(suspicion.endsAt, 12_000);
  for (const [from, news, lasts] of told) {
    t.equal(suspicion.confirm(from), news, `${from} says something new: ${news}`);
    t.equal(suspicion.endsAt, 10_000 + lasts, `${suspicion.confirmations} confirmations`);
  }
});

test('where nobody can confirm, a suspicion takes the least time at once', async (t) => {
  const suspicion = new Suspicion(terms(0, 500, 2000), 'me', 0);
  t.equal(suspicion.endsAt, 500);
  t.equal(suspicion.confirm('a'), false);
  t.equal(suspicion.endsAt, 500);
});

test('who is accused by many is given up as soon as in memberlist', async (t) => {
  const config = resolveConfig('lan', {
    judgment: 'memberlist',
    probeIntervalMs: 100,
    probeTimeoutMs: 50,
    suspicionMult: 5,
    suspicionMaxTimeoutMult: 2,
  });
  const rows: readonly (readonly [nodes: number, confirmations: number, ms: number])[] = [
    [2, 0, 500],
    [3, 0, 500],
    [4, 0, 500],
    [5, 0, 1000],
    [6, 0, 1000],
    [6, 1, 750],
    [6, 2, 603],
    [6, 3, 500],
    [6, 4, 500],
  ];
  for (const [nodes, confirmations, ms] of rows) {
    const suspicion = new Suspicion(suspicionTerms(config, nodes, 0), 'first', 0);
    for (let i = 0; i < confirmations; i++) suspicion.confirm(`accuser ${i}`);
    t.equal(suspicion.endsAt, ms, `${nodes} nodes, ${confirmations} confirmations`);
  }
});

test('push-pulls grow rarer at the sizes that memberlist states', async (t) => {
  for (let nodes = 0; nodes <= 128; nodes++) {
    const factor = nodes <= 32 ? 1 : nodes <= 64 ? 2 : 3;
    t.equal(pushPullInterval(1000, nodes), factor * 1000, `${nodes} nodes`);
  }
});

/** A user message of so many bytes on the wire, told apart by `mark`. */
const message = (bytes: number, mark: number): UserMessage => ({
  type: 'user',
  body: new Uint8Array(bytes - 1).fill(mark),
});

const marksOf = (parts: readonly { bytes: Uint8Array }[]): (number | undefined)[] =>
  parts.map(({ bytes }) => bytes[1]);

test('four updates fill a datagram and are used up as in memberlist', async (t) => {
  // 10 nodes and a multiplier of 1 mean that each goes out twice.
  const queue = new BroadcastQueue(1, () => 10);
  for (const node of [1, 2, 3, 4]) queue.update(`n${node}`, message(18, node));
  t.equal(queue.take(80, 2, 99, true).length, 4, '4 x (18 + 2) bytes');
  t.equal(queue.take(80, 3, 99, true).length, 3, '4 x (18 + 3) bytes are too many');
  const rounds = Array.from({ length: 4 }, () => queue.take(80, 3, 99, false).length);
  t.same(rounds, [3, 3, 2, 0]);

  const ended: string[] = [];
  for (const node of ['a', 'b']) queue.update(node, message(18, 1), () => ended.push(node));
  queue.update('a', message(18, 2));
  t.same(ended, ['a'], 'only what is about the same node is replaced');
  const sent = queue.take(80, 2, 99, false);
  t.same(marksOf(sent).sort(), [1, 2]);
  for (const { bytes } of sent) {
    t.strictSame(Buffer.from(bytes), Buffer.of(8, ...message(18, bytes[1] ?? 0).body), 'as it was queued');
  }
});

test('an update queued in the moment in which the queue is empty gets lost no more than others', async (t) => {
  const queue = new BroadcastQueue(1, () => 10);
  const ended: number[] = [];
  queue.update('a', message(18, 1), () => {
    ended.push(1);
    queue.update('b', message(18, 2), () => ended.push(2));
  });
  queue.take(80, 2, 99, false);
  queue.take(80, 2, 99, false);
  t.same(ended, [1], 'the first is used up, the second took its place');
  queue.update('c', message(18, 3), () => ended.push(3));
  queue.user(message(18, 4));
  t.equal(queue.size, 3);
  t.same(marksOf(queue.take(80, 2, 99, false)).sort(), [2, 3, 4]);
  t.same(marksOf(queue.take(80, 2, 99, false)).sort(), [2, 3, 4]);
  t.same(ended, [1, 3, 2], 'each went out as often as it should, then it was over');
  t.equal(queue.size, 0);
});

test('a random choice takes no one twice, none that is not eligible, and not always the same', async (t) => {
  const random = seededRandom(3);
  const items = Array.from({ length: 90 }, (_, i) => i);
  const eligible = (item: number): boolean => item !== 0 && item % 3 === 0;
  const choices = Array.from({ length: 100 }, () => pickSome(random, items, 3, eligible));
  for (const choice of choices) {
    t.ok(choice.length === 3 && new Set(choice).size === 3 && choice.every(eligible), choice.join());
  }
  t.equal(new Set(choices.flat()).size, 29, 'each had its turn');
  t.ok(new Set(choices.map((choice) => choice.join())).size > 90);
  const shuffled = items.slice();
  shuffle(random, shuffled);
  t.not(shuffled.join(), items.join());
  t.same(
    shuffled.sort((a, b) => a - b),
    items,
  );
});

test('a random choice finds the few that are eligible', async (t) => {
  const random = seededRandom(4);
  for (const [length, eligible] of [
    [8, [2, 5]],
    [3, [1]],
    [1000, [17, 400, 999]],
  ] as const) {
    const items = Array.from({ length }, (_, i) => i);
    const found = Array.from({ length: 500 }, () =>
      pickSome(random, items, 3, (item) => eligible.some((one) => one === item)),
    );
    const missed = found.filter((choice) => choice.sort((a, b) => a - b).join() !== eligible.join());
    t.same(missed, [], `${eligible} of ${length}`);
  }
});
