import { test } from 'tap';
import { RecordingHost } from '../../sim/recording-host.js';
import { encodeCompound, splitCompound } from './compound.js';
import { encodeCompressed } from './compress.js';
import { encodeMessage } from './message-encoder.js';
import { MsgpackWriter } from './msgpack-writer.js';
import { decodePacket, withCrc } from './packet.js';
import { decodeStream } from './stream-decoder.js';
import { encodeStreamMessage } from './stream-encoder.js';
import { StreamFramer } from './stream-framer.js';
import { DEFAULT_STREAM_LIMITS } from './stream-types.js';

const ping = encodeMessage({
  type: 'ping',
  seqNo: 100,
  node: '',
  sourceAddr: null,
  sourcePort: 0,
  sourceNode: '',
});

test('a compound costs two bytes, and two for each part', async (t) => {
  const compound = encodeCompound([ping, ping, ping]);
  t.equal(compound.length, 3 * ping.length + 3 * 2 + 2);
  const { parts, truncated } = splitCompound(compound);
  t.equal(truncated, 0);
  t.strictSame(
    parts.map((part) => Buffer.from(part)),
    [ping, ping, ping].map((part) => Buffer.from(part)),
  );
});

test('a compound that is cut off gives the parts that are whole', async (t) => {
  const part = new Uint8Array(13).fill(8);
  const compound = encodeCompound([part, part, part]);
  const { parts, truncated } = splitCompound(compound.subarray(0, 38));
  t.same([parts.length, truncated], [2, 1]);
  t.match(decodePacket(compound.subarray(0, 38)), {
    messages: [{ type: 'user' }, { type: 'user' }],
    errors: [{ message: /1 parts are missing/ }],
  });
  for (const bytes of [[7], [7, 0x80], [7, 3, 0, 13, 0, 13, 0]]) {
    t.throws(() => splitCompound(Uint8Array.from(bytes)), { name: 'WireError' }, `${bytes}`);
  }
});

test('datagrams that hold nothing, or not what they say, are refused with a reason', async (t) => {
  const damaged = withCrc(ping);
  damaged[7] = (damaged[7] ?? 0) ^ 1;
  t.equal(decodePacket(withCrc(ping)).messages.length, 1);
  const rows: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['nothing', new Uint8Array(0), /missing message type byte/],
    ['an empty part', encodeCompound([new Uint8Array(0)]), /missing message type byte/],
    ['compressed nothing', encodeCompressed(new Uint8Array(0)), /missing message type byte/],
    ['a wrong checksum', damaged, /CRC is 0x/],
    ['half a checksum', withCrc(ping).subarray(0, 3), /ends within its CRC/],
    ['a checksum inside', encodeCompound([withCrc(ping)]), /message type 12/],
    ['a push-pull', Uint8Array.of(6), /message type 6/],
    ['an unknown type', Uint8Array.of(99), /message type 99/],
  ];
  for (const [what, bytes, reason] of rows) {
    const { messages, errors } = decodePacket(bytes);
    t.same([messages.length, errors.length], [0, 1], what);
    t.match(errors[0]?.message, reason, what);
  }
  t.throws(() => decodeStream(new Uint8Array(0), DEFAULT_STREAM_LIMITS), /missing message type byte/);
});

test('a stream that announces too much is refused at its head', async (t) => {
  const head = (type: number, fields: Readonly<Record<string, number>>): Uint8Array => {
    const writer = new MsgpackWriter().byte(type).map(Object.keys(fields).length);
    for (const [name, value] of Object.entries(fields)) writer.text(name).uint(value);
    return writer.finish();
  };
  const rows: readonly (readonly [Uint8Array, RegExp])[] = [
    [head(6, { Nodes: 10_000_000 }), /^pushPull.Nodes is 10000000, expected 0 to 131072$/],
    [head(6, { UserStateLen: 30_000_000 }), /^pushPull.UserStateLen is 30000000, expected 0 to 20971520$/],
    [head(8, { UserMsgLen: 30_000_000 }), /^user.UserMsgLen is 30000000, expected 0 to 20971520$/],
  ];
  for (const [bytes, reason] of rows) {
    t.throws(() => decodeStream(bytes, DEFAULT_STREAM_LIMITS), { message: reason });
    t.throws(() => new StreamFramer(DEFAULT_STREAM_LIMITS).measure(bytes), { message: reason }, 'at once');
  }
});

test('a stream expands to 20 MiB and no further', async (t) => {
  const userOf = (bytes: number): Uint8Array => {
    const empty = encodeStreamMessage({ type: 'user', body: new Uint8Array(0) });
    const whole = encodeStreamMessage({ type: 'user', body: new Uint8Array(bytes - empty.length - 4) });
    return encodeCompressed(whole);
  };
  t.equal(DEFAULT_STREAM_LIMITS.bytes, 20 << 20);
  // The same with a limit that takes less time to reach.
  const limits = { ...DEFAULT_STREAM_LIMITS, bytes: 1 << 18 };
  const largest = decodeStream(userOf(limits.bytes), limits);
  t.ok(largest.type === 'user' && largest.body.length > limits.bytes - 100);
  t.throws(() => decodeStream(userOf(limits.bytes + 100), limits), /expands beyond 262144 bytes/);
});

test('no compound has so many parts that old memberlist misreads it', async (t) => {
  t.equal(encodeCompound(Array.from({ length: 127 }, () => ping)).length, 2 + 127 * (2 + ping.length));
  t.throws(() => encodeCompound(Array.from({ length: 128 }, () => ping)), RangeError);
  const host = new RecordingHost({ udpBytes: 65_000 });
  const vsn = Uint8Array.of(1, 5, 2, 2, 5, 5);
  const addr = Uint8Array.of(10, 0, 0, 2);
  const a = encodeMessage({ type: 'alive', node: 'a', incarnation: 1, addr, port: 7946, meta: null, vsn });
  host.core.handlePacket(a, { host: '10.0.0.2', port: 7946 });
  for (let i = 0; i < 500; i++) host.core.broadcast(new Uint8Array(0));
  host.core.handlePacket(ping, { host: '10.0.0.2', port: 7946 });
  host.fire('gossip', 1000);
  const counts = host.sent.map(({ messages }) => messages.length);
  t.ok(counts.length >= 2 && counts.every((count) => count > 100 && count <= 127), `${counts}`);
});
