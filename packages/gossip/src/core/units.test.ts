import { test } from 'tap';
import { seededRandom } from '../sim/prng.js';
import { bytesOfHost, formatAddress, hostOfBytes } from './address.js';
import { Awareness } from './awareness.js';
import { BroadcastQueue } from './broadcast-queue.js';
import { resolveConfig } from './config.js';
import { pushPullInterval, retransmitLimit, suspicionDuration, suspicionTimeout } from './formulas.js';
import { pickSome } from './random.js';
import { decodeTags, describeTagSize, encodeTags } from './serf/tags.js';
import { findIncompatible } from './versions.js';
import { lzwCompress, lzwExpand } from './wire/lzw.js';
import type { UserMessage } from './wire/message-types.js';
import type { Part } from './wire/part.js';
import { decodeUtf8, encodeUtf8 } from './wire/utf8.js';

test('health stays within its bounds and stretches times', async (t) => {
  const health = new Awareness(8);
  for (const [delta, score] of [
    [-1, 0],
    [1, 1],
    [10, 7],
    [-1, 6],
    [-10, 0],
  ] as const) {
    health.apply(delta);
    t.equal(health.score, score);
    t.equal(health.scale(1000), 1000 * (score + 1));
  }
});

test('times and limits follow the formulas', async (t) => {
  for (const [nodes, ms] of [
    [5, 3000],
    [10, 3000],
    [50, 5094],
    [100, 6000],
    [500, 8094],
    [1000, 9000],
  ] as const) {
    t.equal(suspicionTimeout(3, nodes, 1000), ms, `${nodes} nodes`);
  }
  t.same(
    [0, 1, 2, 3].map((c) => suspicionDuration(c, 3, 2000, 30_000)),
    [30_000, 16_000, 7810, 2000],
  );
  t.equal(suspicionDuration(0, 0, 2000, 30_000), 2000);
  t.same(
    [1, 9, 10, 99, 100].map((n) => retransmitLimit(3, n)),
    [6, 6, 6, 6, 9],
  );
  t.same(
    [32, 33, 64, 65, 128].map((n) => pushPullInterval(1, n)),
    [1, 2, 2, 3, 3],
  );
});

/** A user message of so many bytes on the wire; `first` tells it from others. */
const user = (bytes: number, first = 0): UserMessage => {
  const body = new Uint8Array(bytes - 1);
  body[0] = first;
  return { type: 'user', body };
};

interface QueueModel {
  bytes: number;
  transmits: number;
  id: number;
  first: number;
}

const firstOf = (part: Part): number | undefined => part.bytes[1];

test('a queue replaces updates about one node, and sends each a limited number of times', async (t) => {
  const queue = new BroadcastQueue(2, () => 5);
  const finished: string[] = [];
  queue.update('a', user(2), () => finished.push('first'));
  queue.update('a', user(2), () => finished.push('second'));
  t.same(finished, ['first'], 'the replaced one is done with');
  const sent = Array.from({ length: 5 }, () => queue.take(100, 2, 10, false).length);
  t.same(sent, [1, 1, 1, 1, 0]);
  t.same(finished, ['first', 'second']);
});

test('what went to a node in doubt does not count as sent', async (t) => {
  const queue = new BroadcastQueue(1, () => 5);
  queue.update('a', user(2));
  for (let i = 0; i < 10; i++) t.equal(queue.take(100, 2, 10, true).length, 1);
});

test('a queue fills the room: seldom sent first, then long, then new', async (t) => {
  const queue = new BroadcastQueue(4, () => 5);
  queue.update('old', user(2, 1));
  queue.update('long', user(4, 2));
  queue.update('new', user(2, 3));
  const first = (room: number): (number | undefined)[] => queue.take(room, 2, 10, false).map(firstOf);
  t.same(first(10), [2, 3]);
  t.same(first(10), [1, 2], 'what was not sent yet goes first');
  t.same(queue.take(100, 2, 1, false).length, 1, 'no more than the given number');
});

test('user messages get a share of a packet that updates could fill', async (t) => {
  const queue = new BroadcastQueue(4, () => 5);
  for (let i = 0; i < 50; i++) queue.update(`n${i}`, user(20, 1));
  queue.user(user(20, 8));
  const taken = queue.take(220, 2, 100, false);
  t.ok(taken.some((part) => firstOf(part) === 8));
  t.ok(taken.reduce((sum, part) => sum + part.bytes.length + 2, 0) <= 220);
});

test('a user message larger than that share is not starved by updates that keep coming', async (t) => {
  const queue = new BroadcastQueue(4, () => 5);
  queue.user(user(180, 8));
  const with8: number[] = [];
  for (let packet = 0; packet < 40; packet++) {
    for (let i = 0; i < 5; i++) queue.update(`n${i}`, user(100, 1));
    const taken = queue.take(220, 2, 100, false);
    t.ok(taken.length > 0);
    if (taken.some((part) => firstOf(part) === 8)) with8.push(packet);
  }
  t.same(with8, [4, 9, 14, 19, 24, 29, 34, 39]);
  queue.user(user(300, 9));
  for (let packet = 0; packet < 10; packet++) {
    t.ok(queue.take(220, 2, 100, false).length > 0, 'one that never fits takes no room away');
  }
});

test('waiting user messages are bounded', async (t) => {
  const queue = new BroadcastQueue(4, () => 5);
  for (let i = 0; i < 3000; i++) queue.user(user(2));
  t.equal(queue.size, 1024);
});

test('waiting updates are bounded, and what was sent most often goes first', async (t) => {
  const queue = new BroadcastQueue(4, () => 5);
  const dropped: string[] = [];
  queue.update('sent', user(20), () => dropped.push('sent'));
  queue.take(100, 2, 1, false);
  for (let i = 0; i < 1 << 14; i++) queue.update(`n${i}`, user(2), () => dropped.push(`n${i}`));
  t.equal(queue.size, 1 << 14);
  t.same(dropped, ['sent']);
});

test('a queue gives the same order as sorting everything, whatever happens in between', async (t) => {
  const random = seededRandom(4);
  const queue = new BroadcastQueue(3, () => 50);
  const model = new Map<string, QueueModel>();
  for (let step = 0; step < 3000; step++) {
    if (random() < 0.4) {
      const [node, bytes] = [`n${Math.floor(random() * 40)}`, 2 + Math.floor(random() * 30)];
      queue.update(node, user(bytes, step & 255));
      model.set(node, { bytes, transmits: 0, id: step, first: step & 255 });
      continue;
    }
    const [room, doubt] = [Math.floor(random() * 200), random() < 0.2];
    const expected: number[] = [];
    let left = room;
    const order = (a: [string, QueueModel], b: [string, QueueModel]): number =>
      a[1].transmits - b[1].transmits || b[1].bytes - a[1].bytes || b[1].id - a[1].id;
    for (const [node, item] of [...model].sort(order)) {
      if (item.bytes + 2 > left || expected.length === 5) continue;
      expected.push(item.first);
      left -= item.bytes + 2;
      if (!doubt && ++item.transmits === 6) model.delete(node);
    }
    t.same(queue.take(room, 2, 5, doubt).map(firstOf), expected);
  }
  t.equal(queue.size, model.size);
});

test('a random choice finds the only one that is eligible', async (t) => {
  const random = seededRandom(1);
  const items = Array.from({ length: 100 }, (_, i) => i);
  for (let i = 0; i < 200; i++) {
    t.same(
      pickSome(random, items, 3, (item) => item === 57),
      [57],
    );
  }
  const some = pickSome(random, items, 3, (item) => item % 2 === 0);
  t.equal(new Set(some).size, 3);
  t.ok(some.every((item) => item % 2 === 0));
});

test('addresses go from text to bytes and back', async (t) => {
  for (const host of ['127.0.0.1', '::', '::1', 'fe80::1', '2001:db8::5:0:0:1', '1:2:3:4:5:6:7:8']) {
    t.equal(hostOfBytes(bytesOfHost(host) ?? new Uint8Array(0)), host);
  }
  t.equal(
    hostOfBytes(Uint8Array.from([...Array(10).fill(0), 255, 255, 10, 0, 0, 1])),
    '10.0.0.1',
    'mapped IPv4',
  );
  for (const bad of [
    '',
    'host',
    '1.2.3',
    '1.2.3.256',
    '1:2',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
  ]) {
    t.equal(bytesOfHost(bad), undefined, bad);
  }
  t.equal(formatAddress({ host: '::1', port: 1 }), '[::1]:1');
});

test('tags go to bytes and back, and equal tags give equal bytes', async (t) => {
  const tags = { site: 'lyon', id: 'ä', empty: '' };
  t.same(decodeTags(encodeTags(tags)), tags);
  t.same(encodeTags({ a: '1', b: '2' }), encodeTags({ b: '2', a: '1' }));
  t.same(decodeTags(null), {});
  t.same(decodeTags(encodeUtf8('web')), { role: 'web' }, 'plain text is shown as Serf shows it');
  t.same(decodeTags(Uint8Array.of(0xff, 0x81, 0xa5)), {}, 'damaged tags are none');
  t.match(describeTagSize({ big: 'x'.repeat(300), small: 'y' }), /^\d+ bytes; largest: big 303, small 6$/);
});

test('text of every kind survives its bytes, and bytes of every kind their text', async (t) => {
  for (const text of ['', 'abc', 'é', '€', '😀', 'a\u0000b']) {
    t.same(Buffer.from(encodeUtf8(text)), Buffer.from(text));
    t.equal(decodeUtf8(encodeUtf8(text)), text);
  }
  const random = seededRandom(2);
  for (let i = 0; i < 500; i++) {
    const bytes = Uint8Array.from({ length: 12 }, () => Math.floor(random() * 256));
    t.same(encodeUtf8(decodeUtf8(bytes)), bytes);
  }
});

test('LZW gives back what went in, and stops at its limit', async (t) => {
  const random = seededRandom(3);
  for (const length of [1, 2, 255, 256, 257, 4000, 60_000]) {
    for (const alphabet of [1, 4, 256]) {
      const input = Uint8Array.from({ length }, () => Math.floor(random() * alphabet));
      t.ok(Buffer.from(lzwExpand(lzwCompress(input), length)).equals(input), `${length} of ${alphabet}`);
      t.throws(() => lzwExpand(lzwCompress(input), length - 1), { name: 'WireError' });
    }
  }
  const bomb = lzwCompress(new Uint8Array(1 << 20));
  t.ok(bomb.length < 4000);
  t.throws(() => lzwExpand(bomb, 65_536), /expands beyond 65536 bytes/);
});

test('one node that does not understand the others is named', async (t) => {
  const good = { name: 'a', vsn: Uint8Array.of(1, 5, 2, 2, 5, 5) };
  t.equal(findIncompatible([good, { name: 'b', vsn: Uint8Array.of(1, 5, 2, 2, 5, 4) }]), undefined);
  t.match(
    findIncompatible([good, { name: 'old', vsn: Uint8Array.of(1, 5, 2, 0, 0, 0) }]),
    /delegate protocol version/,
  );
  t.match(findIncompatible([good, { name: 'none', vsn: null }]), /incompatible/);
});

test('a configuration that cannot work names the field', async (t) => {
  t.equal(resolveConfig('lan').suspicionMult, 4);
  t.equal(resolveConfig('local').gossipIntervalMs, 100);
  t.equal(resolveConfig('wan', { probeTimeoutMs: 1 }).probeTimeoutMs, 1);
  t.throws(() => resolveConfig('lan', { probeTimeoutMs: 1000 }), /probeTimeoutMs is 1000, expected less/);
  t.throws(() => resolveConfig('lan', { gossipNodes: 0 }), /gossipNodes is 0/);
  t.throws(() => resolveConfig('lan', { udpBytes: 100 }), /udpBytes is 100/);
  t.throws(() => resolveConfig('lan', { gossipIntervalMs: Number.NaN }), /gossipIntervalMs is NaN/);
});
