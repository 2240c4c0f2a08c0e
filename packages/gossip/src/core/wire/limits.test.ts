import { test } from 'tap';
import { findIncompatible } from '../versions.js';
import { encodeCompound } from './compound.js';
import { encodeCompressed } from './compress.js';
import { encodeMessage } from './message-encoder.js';
import { MsgpackWriter } from './msgpack-writer.js';
import { decodePacket, MAX_PACKET_MESSAGES } from './packet.js';
import { decodeStream } from './stream-decoder.js';
import { encodeStreamMessage } from './stream-encoder.js';
import { StreamFramer } from './stream-framer.js';
import { DEFAULT_STREAM_LIMITS } from './stream-types.js';
import { decodeUtf8, encodeUtf8 } from './utf8.js';
import { WireError } from './wire-error.js';

const repeat = (part: Uint8Array, times: number): Uint8Array[] => Array.from({ length: times }, () => part);

/** How much processor time an action takes at best, ms: the first runs are compiled. */
function fastest(action: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const start = process.cpuUsage().user;
    action();
    return (process.cpuUsage().user - start) / 1000;
  });
  return Math.min(...times);
}

test('compressed parts of one datagram share one allowance of expansion', async (t) => {
  const large = encodeCompressed(new Uint8Array(60_000));
  const { errors, messages } = decodePacket(encodeCompound(repeat(large, 100)));
  t.equal(messages.length, 0);
  t.match(errors[1]?.message, /expands beyond \d+ bytes/, 'the second part is refused already');

  const small = encodeCompressed(Uint8Array.of(8, 1, 2, 3));
  t.equal(decodePacket(encodeCompound(repeat(small, 100))).messages.length, 100, 'honest parts are all read');
});

test('nested bombs cost no more than one datagram may', async (t) => {
  const bomb = encodeCompound(repeat(encodeCompressed(new Uint8Array(1 << 18)), 60));
  const nested = encodeCompressed(bomb);
  t.ok(nested.length < 65_507, 'it fits a datagram');
  t.ok(fastest(() => decodePacket(nested)) < 50);
});

test('a datagram of a hundred thousand empty parts yields a bounded number of errors', async (t) => {
  const empty = encodeCompound([]);
  const parts = encodeCompound(repeat(encodeCompound(repeat(empty.subarray(0, 1), 127)), 127));
  const { errors, messages } = decodePacket(encodeCompound([parts, parts]));
  t.ok(messages.length + errors.length <= MAX_PACKET_MESSAGES + 4, `${errors.length} errors`);
  t.match(errors.at(-1)?.message, /more than 255 messages in one datagram/);
});

test('the most nodes that a push-pull may hold can be compared', async (t) => {
  const head = new MsgpackWriter().byte(6).map(1).text('Nodes').uint(DEFAULT_STREAM_LIMITS.nodes).finish();
  const nils = new Uint8Array(DEFAULT_STREAM_LIMITS.nodes).fill(0xc0);
  const message = decodeStream(Buffer.concat([head, nils]), DEFAULT_STREAM_LIMITS);
  t.equal(message.type === 'pushPull' && message.nodes.length, DEFAULT_STREAM_LIMITS.nodes);
  t.equal(
    findIncompatible(message.type === 'pushPull' ? message.nodes : []),
    undefined,
    'none has any version, so none differs',
  );
});

test('a stream of many nested values is walked through once, however it is cut', async (t) => {
  const stream = new Uint8Array(400_000).fill(0x91);
  stream[0] = 9;
  const inChunks = (): void => {
    const framer = new StreamFramer(DEFAULT_STREAM_LIMITS);
    for (let length = 1; length < stream.length; length += 100) framer.measure(stream.subarray(0, length));
  };
  t.ok(fastest(inChunks) < 500, 'four thousand chunks');
});

test('a head that never ends is refused', async (t) => {
  const head = new Uint8Array(5000).fill(0xc0);
  head.set([6, 0xdf, 0xff, 0xff, 0xff, 0xff]);
  const framer = new StreamFramer(DEFAULT_STREAM_LIMITS);
  t.equal(framer.measure(head.subarray(0, 500)), undefined, 'it may still end');
  t.throws(() => framer.measure(head), new WireError('stream has a head of more than 1024 bytes'));
});

test('a value that announces more values than can come is refused', async (t) => {
  const framer = new StreamFramer(DEFAULT_STREAM_LIMITS);
  t.throws(
    () => framer.measure(Uint8Array.of(9, 0xdf, 0xff, 0xff, 0xff, 0xff)),
    /more values than any message/,
  );
});

test('text is bounded, and long text is read as it is written', async (t) => {
  const ping = (name: string): Uint8Array =>
    new MsgpackWriter().byte(0).map(1).text('Node').text(name).finish();
  t.equal(decodePacket(ping('x'.repeat(4096))).messages.length, 1);
  t.match(decodePacket(ping('x'.repeat(4097))).errors[0]?.message, /4097 bytes, expected at most 4096/);
  const long = 'aé\u{1f600}\udcff'.repeat(1000);
  t.equal(decodeUtf8(encodeUtf8(long)), long, 'also across the pieces in which it is read');
});

test('what is kept of a message is a copy, so that it does not keep the whole packet alive', async (t) => {
  const bytes = (value: unknown): Uint8Array[] =>
    Object.values(value ?? {}).filter((field): field is Uint8Array => field instanceof Uint8Array);
  const alive = encodeMessage({
    type: 'alive',
    incarnation: 1,
    node: 'a',
    addr: Uint8Array.of(10, 0, 0, 1),
    port: 1,
    meta: Uint8Array.of(1, 2),
    vsn: Uint8Array.of(1, 5, 2, 0, 0, 0),
  });
  const user = Uint8Array.of(8, 1, 2, 3);
  // The network hands over Buffers, whose slices share memory.
  const datagram = Buffer.concat([encodeCompound([alive, user]), Buffer.alloc(1000)]);
  const stream = Buffer.from(encodeStreamMessage({ type: 'user', body: Uint8Array.of(1, 2, 3) }));
  const kept = [...decodePacket(datagram).messages, decodeStream(stream, DEFAULT_STREAM_LIMITS)].flatMap(
    bytes,
  );
  t.equal(kept.length, 5);
  for (const field of kept) t.equal(field.buffer.byteLength, field.length);
});
