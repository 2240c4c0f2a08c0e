import { test } from 'tap';
import { encodeStreamMessage, labelHeader, stripLabel } from '../core/index.js';
import { Envelope } from './envelope.js';
import { Keyring } from './keyring.js';
import { seal, unseal } from './seal.js';
import { StreamReader } from './stream-reader.js';

const NONE = new Uint8Array(0);
const keyOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 255);
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? NONE).toString();

test('keys of 16, 24 and 32 bytes are taken, others refused', async (t) => {
  for (const length of [16, 24, 32]) {
    const key = keyOf(length, 1);
    const ring = new Keyring([key]);
    t.strictSame(ring.list(), [key]);
    t.equal(
      text(unseal(ring.list(), seal(key, Buffer.from('secret'), NONE), NONE)),
      'secret',
      `${length} bytes`,
    );
  }
  for (const length of [0, 10, 15, 17, 31, 33, 64]) {
    t.throws(() => new Keyring([keyOf(16, 1), keyOf(length, 1)]), {
      code: 'INVALID_OPTION',
      message: `key 2 has ${length} bytes, expected 16, 24 or 32`,
    });
  }
});

test('what is sealed has the length that memberlist states, and opens to what it was', async (t) => {
  const key = keyOf(16, 1);
  for (let length = 0; length <= 40; length++) {
    const plain = Buffer.alloc(length, 'x');
    const padded = seal(key, plain, NONE, { version: 0 });
    const unpadded = seal(key, plain, NONE);
    t.same(
      [padded[0], padded.length],
      [0, 1 + 12 + (Math.floor(length / 16) + 1) * 16 + 16],
      `${length} padded`,
    );
    t.same([unpadded[0], unpadded.length], [1, 1 + 12 + length + 16], `${length} as it is`);
    for (const blob of [padded, unpadded]) t.ok(unseal([key], blob, NONE).equals(plain));
  }
  const blob = seal(key, Buffer.from('x'), NONE);
  t.notOk(seal(key, Buffer.from('x'), NONE).equals(blob), 'no nonce is used twice');
  t.throws(() => unseal([key], Buffer.of(2, ...blob.subarray(1)), NONE), /version 2 is not known/);
  t.throws(() => unseal([key], blob.subarray(0, 28), NONE), /28 bytes are too few/);
  // Sealed as version 1 and shown as version 0: nothing but the padding is wrong.
  t.throws(
    () => unseal([key], Buffer.of(0, ...seal(key, Buffer.from([99]), NONE).subarray(1)), NONE),
    /bad padding/,
  );
});

test('any key of the ring opens what it sealed, a removed one nothing', async (t) => {
  const [first, second, third] = [keyOf(16, 1), keyOf(24, 2), keyOf(32, 3)];
  const ring = new Keyring([first, second, third]);
  const label = Buffer.from('blue');
  const blobs = [first, second, third].map((key) => seal(key, Buffer.from('secret'), label));
  for (const blob of blobs) t.equal(text(unseal(ring.list(), blob, label)), 'secret');
  for (const wrong of [NONE, Buffer.from('red')]) {
    t.throws(
      () => unseal(ring.list(), blobs[0] ?? NONE, wrong),
      /no installed key/,
      'not with another label',
    );
  }
  ring.remove(second);
  t.throws(() => unseal(ring.list(), blobs[1] ?? NONE, label), /no installed key/);
  t.equal(text(unseal(ring.list(), blobs[2] ?? NONE, label)), 'secret', 'the others still open');
  const damaged = Buffer.from(blobs[0] ?? NONE);
  damaged[20] = (damaged[20] ?? 0) ^ 1;
  t.throws(() => unseal(ring.list(), damaged, label), /no installed key/);
});

test('a ring without keys seals nothing, and its first key is the primary one', async (t) => {
  const ring = new Keyring([]);
  const envelope = new Envelope(NONE, ring);
  const plain = Buffer.from([8, 1, 2, 3]);
  t.equal(envelope.decrypts, false);
  t.strictSame(Buffer.from(envelope.wrapPacket(plain)), plain);
  const key = keyOf(16, 1);
  ring.remove(key);
  ring.install(key);
  const wrapped = envelope.wrapPacket(plain);
  t.equal(wrapped.length, plain.length + 29);
  t.strictSame(Buffer.from(envelope.unwrapPacket(wrapped)), plain);
  t.throws(() => envelope.unwrapPacket(plain), { name: 'WireError' }, 'plaintext is refused from now on');
  t.throws(() => ring.remove(key), { code: 'KEY_REFUSED' });
});

test('a label of up to 255 bytes goes in front and comes off again', async (t) => {
  for (const length of [0, 1, 4, 255]) {
    const label = new Uint8Array(length).fill(0x61);
    const plain = Buffer.from([8, 1, 2]);
    const envelope = new Envelope(label, new Keyring([]));
    const overhead = length === 0 ? 0 : 2 + length;
    t.equal(envelope.packetOverhead, overhead + 29, 'room for encryption is always kept');
    const wrapped = envelope.wrapPacket(plain);
    t.equal(wrapped.length, overhead + plain.length);
    t.strictSame(Buffer.from(envelope.unwrapPacket(wrapped)), plain);
    t.same(stripLabel(wrapped), { label, rest: plain });
    const sealed = new Envelope(label, new Keyring([keyOf(16, 1)]));
    t.strictSame(Buffer.from(sealed.unwrapPacket(sealed.wrapPacket(plain))), plain, 'encrypted as well');
  }
  t.same(stripLabel(NONE), { label: NONE, rest: NONE }, 'nothing has no label');
  const envelope = new Envelope(Buffer.from('a'), new Keyring([]));
  t.throws(() => envelope.unwrapPacket(NONE), /label is missing/);
});

test('what begins like a message has no label', async (t) => {
  for (const first of [0, 13, 1, 10, 8]) {
    const bytes = Uint8Array.of(first, 1, 2, 3);
    t.same(stripLabel(bytes), { label: NONE, rest: bytes }, `type ${first}`);
    t.same(new Envelope(NONE, new Keyring([])).unwrapPacket(bytes), bytes);
  }
});

test('a label that is cut off or empty is refused', async (t) => {
  const ours = new Envelope(Buffer.from('ab'), new Keyring([]));
  for (const [hex, reason] of [
    ['f4', /ends within its label/],
    ['f402', /ends within its label/],
    ['f40261', /ends within its label/],
    ['f400', /without a label/],
    ['f4006162', /without a label/],
    ['f4026163', /another cluster/],
    ['f40161', /another cluster/],
    ['0801', /label is missing/],
  ] as const) {
    t.throws(() => ours.unwrapPacket(Buffer.from(hex, 'hex')), { name: 'WireError', message: reason }, hex);
  }
  const none = new Envelope(NONE, new Keyring([]));
  t.throws(() => none.unwrapPacket(Buffer.from('f402616208', 'hex')), /another cluster/);
});

test('the label of a stream is taken off, in whatever pieces it comes', async (t) => {
  const label = Buffer.from('blue');
  const message = encodeStreamMessage({ type: 'user', body: Buffer.from('hello') });
  for (const keys of [[], [keyOf(32, 1)]]) {
    const envelope = new Envelope(label, new Keyring(keys));
    const dialed = envelope.wrapStream(message, true);
    const answer = envelope.wrapStream(message, false);
    t.strictSame(Buffer.from(dialed.subarray(0, 6)), Buffer.from(labelHeader(label)));
    t.equal(answer.length, dialed.length - 6, 'the answer has none');
    for (const [stream, accepted] of [
      [dialed, true],
      [answer, false],
    ] as const) {
      for (const size of [1, 2, 5, 1000]) {
        const reader = new StreamReader(envelope, accepted);
        let whole: Uint8Array | undefined;
        for (let at = 0; at < stream.length; at += size) {
          if (whole) t.fail('whole before its end');
          whole = reader.push(stream.subarray(at, at + size));
        }
        t.strictSame(Buffer.from(whole ?? NONE), Buffer.from(message), `in pieces of ${size}`);
      }
    }
  }
  const reader = new StreamReader(new Envelope(label, new Keyring([])), true);
  t.equal(reader.push(Buffer.of(0xf4)), undefined);
  t.equal(reader.push(Buffer.of(4, 0x62, 0x6c)), undefined);
  t.throws(() => reader.push(Buffer.from('ub')), /another cluster/);
});
