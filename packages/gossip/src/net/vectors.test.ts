import { readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { readSerfNews } from '../core/serf/intents.js';
import { readSerfState } from '../core/serf/state.js';
import { decodeTags } from '../core/serf/tags.js';
import { encodeCompound } from '../core/wire/compound.js';
import { decodeCompressed, encodeCompressed } from '../core/wire/compress.js';
import { stripLabel } from '../core/wire/label.js';
import { decodeMessage } from '../core/wire/message-decoder.js';
import { encodeMessage } from '../core/wire/message-encoder.js';
import type { PacketMessage } from '../core/wire/message-types.js';
import { MsgpackReader } from '../core/wire/msgpack-reader.js';
import { decodePacket, withCrc } from '../core/wire/packet.js';
import { decodeStream, readPushPullHead } from '../core/wire/stream-decoder.js';
import { encodeStream, encodeStreamMessage } from '../core/wire/stream-encoder.js';
import { StreamFramer } from '../core/wire/stream-framer.js';
import { DEFAULT_STREAM_LIMITS, type StreamMessage } from '../core/wire/stream-types.js';
import { seal, unseal } from './seal.js';

interface Vector {
  name: string;
  group: string;
  transport: string;
  hex: string;
  keyHex?: string;
  plainHex?: string;
  aadHex?: string;
  label?: string;
  decoded: unknown;
}

interface Acceptance {
  name: string;
  struct: string;
  msgpackHex: string;
  go_v2: string;
}

interface VectorFile {
  vectors: Vector[];
  decoderAcceptance: Acceptance[];
}

const file = JSON.parse(
  readFileSync(new URL('../../testdata/memberlist-vectors.json', import.meta.url), 'utf8'),
) as VectorFile;

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const shown = (bytes: Uint8Array | null): string | null => (bytes === null ? null : `hex:${hexOf(bytes)}`);

/** Our field names to the ones of the vectors: seqNo → SeqNo, but `type` and `body` as they are. */
function goNames(value: object): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    const name = key === 'type' || key === 'body' ? key : `${key[0]?.toUpperCase()}${key.slice(1)}`;
    const omitted = name.startsWith('Source') && (field === null || field === 0 || field === '');
    if (!omitted) out[name] = field instanceof Uint8Array ? shown(field) : field;
  }
  return out;
}

function shownStream(message: StreamMessage): unknown {
  if (message.type !== 'pushPull') return goNames(message);
  return {
    type: 'pushpull',
    Join: message.join,
    Nodes: message.nodes.length,
    UserStateLen: message.userState.length,
    nodes: message.nodes.map(goNames),
    user: shown(message.userState),
    rest: 0,
  };
}

const aadOf = (vector: Vector): Uint8Array => bytesOf(vector.aadHex ?? '');

function openStream(vector: Vector): Uint8Array {
  const bytes = bytesOf(vector.hex);
  if (!vector.keyHex) return bytes;
  return unseal([bytesOf(vector.keyHex)], bytes.subarray(5), aadOf(vector));
}

function openPacket(vector: Vector): Uint8Array {
  const stripped = stripLabel(bytesOf(vector.hex));
  if (!stripped) throw new Error('label cut off');
  if (Buffer.from(stripped.label).toString() !== (vector.label ?? '')) throw new Error('wrong label');
  return vector.keyHex ? unseal([bytesOf(vector.keyHex)], stripped.rest, aadOf(vector)) : stripped.rest;
}

const datagrams = file.vectors.filter((v) => v.transport.startsWith('udp') && Array.isArray(v.decoded));
const streams = file.vectors.filter((v) => v.transport === 'tcp' && typeof v.decoded === 'object');

function linear(count: number): Uint8Array {
  let x = 12345n;
  const next = (): number => {
    x = (x * 1103515245n + 12345n) % 2n ** 32n;
    return Number((x >> 16n) & 0xffn);
  };
  return Uint8Array.from({ length: count + 1 }, (_, i) => (i === 0 ? 8 : next()));
}

test('every captured and encoded datagram decodes to the messages stated for it', async (t) => {
  for (const vector of datagrams) {
    const { messages, errors } = decodePacket(openPacket(vector));
    t.same(messages.map(goNames), vector.decoded, vector.name);
    t.same(errors, [], `${vector.name} has no bad part`);
  }
});

test('every captured stream decodes to the message stated for it', async (t) => {
  for (const vector of streams) {
    const plain = openStream(vector);
    t.equal(new StreamFramer(DEFAULT_STREAM_LIMITS).measure(plain), plain.length, `${vector.name} is framed`);
    t.same(shownStream(decodeStream(plain, DEFAULT_STREAM_LIMITS)), vector.decoded, vector.name);
  }
});

test('a stream cut anywhere is recognized as unfinished', async (t) => {
  for (const vector of streams) {
    const plain = openStream(vector);
    const framer = new StreamFramer(DEFAULT_STREAM_LIMITS);
    const early = [...plain.keys()].filter(
      (length) => framer.measure(plain.subarray(0, length)) !== undefined,
    );
    t.same(early, [], vector.name);
    t.equal(framer.measure(plain), plain.length, `${vector.name} ends where it should, chunk by chunk`);
  }
});

test('the remaining vectors decode as stated', async (t) => {
  const done = new Set([...datagrams, ...streams]);
  const rest = new Map(file.vectors.filter((v) => !done.has(v)).map((v) => [v.name, v]));
  const take = (name: string): Vector => {
    const vector = rest.get(name);
    rest.delete(name);
    if (!vector) throw new Error(`no vector ${name}`);
    return vector;
  };

  const lcg = decodeCompressed(bytesOf(take('compress_lcg_12001').hex), 12001);
  t.same(lcg, linear(12000), 'LZW with several table clears');
  t.match(decodePacket(bytesOf(take('compress_empty').hex)).errors[0]?.message, 'missing message type byte');
  for (const name of ['label_tcp_label_header', 'labelenc_tcp_label_header']) {
    const stripped = stripLabel(bytesOf(take(name).hex));
    t.same(stripped?.label, Buffer.from('prod'), name);
    t.equal(stripped?.rest.length, 0);
  }
  for (const vector of [...rest.values()].filter((v) => v.name.endsWith('_head'))) {
    t.equal(hexOf(openPacket(take(vector.name))), vector.plainHex, vector.name);
    t.equal(decodePacket(openPacket(vector)).errors.length, 0);
  }
  t.same(decodeTags(bytesOf(take('serf_meta_tags').hex)), { role: 'web', dc: 'east' });
  t.ok(readSerfNews(bytesOf(take('serf_user_event').hex)).forAll);
  t.ok(readSerfNews(bytesOf(take('serf_query').hex)).forAll);
  t.equal(readSerfState(bytesOf(take('serf_pushpull_state').hex)).ltime, 1);
  const coordinate = bytesOf(take('serf_ack_payload').hex);
  const reader = new MsgpackReader(coordinate, 1);
  reader.skip();
  t.equal(reader.remaining, 0, 'a coordinate is passed over whole');
  t.same([...rest.keys()], [], 'no vector is left out');
  t.equal(file.vectors.length, 101);
});

/** Encodes the way the vector's name says that it was made. */
function reencode(vector: Vector): Uint8Array {
  const original = bytesOf(vector.hex);
  if (vector.keyHex) {
    const version = original[0] === 0 ? 0 : 1;
    const options = { version, nonce: original.subarray(1, 13) } as const;
    return seal(bytesOf(vector.keyHex), openPacket(vector), aadOf(vector), options);
  }
  if (vector.name === 'compress_lcg_12001') return encodeCompressed(linear(12000));
  if (vector.name === 'compress_empty') return encodeCompressed(new Uint8Array(0));
  if (vector.name === 'compress_short') return encodeCompressed(bytesOf(vector.plainHex ?? ''));
  const messages: PacketMessage[] = decodePacket(original).messages;
  const encoded = messages.map(encodeMessage);
  if (vector.name.startsWith('compound')) return encodeCompound(encoded);
  const [only = new Uint8Array(0)] = encoded;
  return vector.name.startsWith('crc') ? withCrc(only) : only;
}

test('the encoder group comes out byte for byte', async (t) => {
  const encoder = file.vectors.filter((v) => v.group === 'encoder');
  t.equal(encoder.length, 37);
  for (const vector of encoder) t.equal(hexOf(reencode(vector)), vector.hex, vector.name);
});

test('captured datagrams and streams come out byte for byte too', async (t) => {
  for (const vector of datagrams.filter((v) => v.group === 'capture' && v.name.includes('udp'))) {
    const plain = openPacket(vector);
    const body = plain[0] === 12 ? plain.subarray(5) : plain;
    const parts = body[0] === 9 ? undefined : decodePacket(plain).messages.map(encodeMessage);
    if (!parts) continue;
    const [only] = parts;
    const again = parts.length === 1 && only ? only : encodeCompound(parts);
    t.equal(hexOf(plain[0] === 12 ? withCrc(again) : again), hexOf(plain), vector.name);
  }
  for (const vector of streams) {
    const plain = openStream(vector);
    const message = decodeStream(plain, DEFAULT_STREAM_LIMITS);
    const again =
      plain[0] === 9 ? encodeCompressed(encodeStreamMessage(message)) : encodeStream(message, false);
    t.equal(hexOf(again), hexOf(plain), vector.name);
  }
});

function decodeStruct(struct: string, body: Uint8Array): unknown {
  const typed = (type: number): PacketMessage => decodeMessage(Buffer.concat([Buffer.of(type), body]));
  switch (struct) {
    case 'ping':
      return typed(0);
    case 'indirectPingReq':
      return typed(1);
    case 'ackResp':
      return typed(2);
    case 'alive':
      return typed(4);
    case 'pushPullHeader':
      return readPushPullHead(new MsgpackReader(body), DEFAULT_STREAM_LIMITS);
    default: {
      const head = Buffer.from('0683a44a6f696ec2a54e6f64657301ac5573657253746174654c656e00', 'hex');
      return decodeStream(Buffer.concat([head, body]), DEFAULT_STREAM_LIMITS);
    }
  }
}

/** Go prints `{Field:value ...}`; of it, every field that we keep has to agree. */
function assertGoFields(t: Test, row: Acceptance, decoded: unknown): void {
  for (const [, name, value] of row.go_v2.matchAll(
    /(?<=[{ ])(SeqNo|Node|SourcePort|Incarnation|State):([^ }]*)/g,
  )) {
    const source = row.struct === 'pushNodeState' ? firstNode(decoded) : decoded;
    const ours = goNames(source as object)[name ?? ''] ?? (name === 'SourcePort' ? 0 : '');
    if (row.name.startsWith('invalid utf8')) continue;
    t.equal(String(ours), value, `${row.name}: ${name}`);
  }
}

const firstNode = (decoded: unknown): unknown => (decoded as { nodes: unknown[] }).nodes[0];

test('what the newer Go codec accepts is accepted, with the same values', async (t) => {
  t.equal(file.decoderAcceptance.length, 50);
  for (const row of file.decoderAcceptance.filter((r) => r.go_v2.startsWith('OK'))) {
    if (row.name === 'pph Nodes -1') continue;
    assertGoFields(t, row, decodeStruct(row.struct, bytesOf(row.msgpackHex)));
  }
});

test('what both Go codecs refuse is refused, and a negative count as well', async (t) => {
  const refused = file.decoderAcceptance.filter(
    (r) => r.go_v2.startsWith('ERR') && !r.msgpackHex.endsWith('...'),
  );
  t.equal(refused.length, 11);
  for (const row of refused) {
    t.throws(
      () => decodeStruct(row.struct, bytesOf(row.msgpackHex)),
      { name: /WireError|EndOfBytes/ },
      row.name,
    );
  }
  const negative = file.decoderAcceptance.find((r) => r.name === 'pph Nodes -1');
  t.throws(() => decodeStruct('pushPullHeader', bytesOf(negative?.msgpackHex ?? '')), { name: 'WireError' });
});

test('bytes that are not UTF-8 survive in a node name', async (t) => {
  const packet = bytesOf('0081a44e6f6465a2fffe');
  const message = decodeMessage(packet);
  t.match(hexOf(encodeMessage(message)), 'a2fffe');
});

test('a deeply nested unknown field costs nothing', async (t) => {
  const nested = Buffer.concat([
    Buffer.from('0081a5426f677573', 'hex'),
    Buffer.alloc(60_000, 0x91),
    Buffer.of(1),
  ]);
  t.match(decodeMessage(nested), { type: 'ping', seqNo: 0 });
});

test('random damage to a packet never throws anything but a WireError', async (t) => {
  let state = 1;
  const random = (n: number): number => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
  for (const vector of [...datagrams, ...streams]) {
    const plain = Buffer.from(vector.transport === 'tcp' ? openStream(vector) : openPacket(vector));
    for (let i = 0; i < 60 && plain.length > 0; i++) {
      const damaged = Buffer.from(plain.subarray(0, 1 + random(plain.length)));
      damaged[random(damaged.length)] = random(256);
      decodePacket(damaged);
      try {
        decodeStream(damaged, DEFAULT_STREAM_LIMITS);
      } catch (error) {
        if (!(error instanceof Error && /WireError|EndOfBytes/.test(error.name)))
          t.fail(`${vector.name}: ${error}`);
      }
    }
  }
  t.pass('all damage was met');
});
