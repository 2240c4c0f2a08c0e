import { DEFAULT_STREAM_LIMITS, StreamFramer } from '../core/index.js';
import { crc32 } from '../core/wire/crc32.js';
import { decodeStream } from '../core/wire/stream-decoder.js';
import { encodeStream } from '../core/wire/stream-encoder.js';
import type { Envelope } from '../net/envelope.js';
import { StreamReader } from '../net/stream-reader.js';
import { Dice } from './dice.js';
import { type Door, outcome, outline, rule } from './door.js';
import { plainEnvelope, sealedEnvelope } from './odd-envelopes.js';
import { fingerprint } from './packet-doors.js';

const MIB = 1 << 20;

/** Cuts bytes into chunks, of one byte or of thousands; the same bytes are always cut alike. */
function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const dice = new Dice(crc32(bytes));
  const most = dice.pick([2, 16, 300, 4096, 65_536]);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + dice.below(Math.max(most, bytes.length >> 10));
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

function openStream(bytes: Uint8Array): string {
  const decoded = outcome(() => decodeStream(bytes, DEFAULT_STREAM_LIMITS));
  if ('error' in decoded) return outline(decoded.error.message);
  const message = decoded.value;
  const again = decodeStream(encodeStream(message, true), DEFAULT_STREAM_LIMITS);
  rule(fingerprint(again) === fingerprint(message), () => `${message.type} changes when it is written again`);
  return message.type === 'pushPull' ? `pushPull of ${Math.min(2, message.nodes.length)}` : message.type;
}

/** Where the framer sees the end, however the bytes come in. */
function openFramer(bytes: Uint8Array): string {
  const whole = outcome(() => new StreamFramer(DEFAULT_STREAM_LIMITS).measure(bytes));
  const pieces = outcome(() => measureChunks(bytes));
  const shown = (result: typeof whole): string => ('error' in result ? 'refused' : `${result.value}`);
  rule(shown(whole) === shown(pieces), () => `whole: ${shown(whole)}, in chunks: ${shown(pieces)}`);
  if ('error' in whole) return outline(whole.error.message);
  return whole.value === undefined ? 'unfinished' : `ends ${openStream(bytes.subarray(0, whole.value))}`;
}

function measureChunks(bytes: Uint8Array): number | undefined {
  const framer = new StreamFramer(DEFAULT_STREAM_LIMITS);
  let length = 0;
  for (const chunk of chunksOf(bytes)) {
    length += chunk.length;
    const end = framer.measure(bytes.subarray(0, length));
    if (end !== undefined) return end;
  }
  return undefined;
}

function openReader(envelope: Envelope, dialed: boolean, bytes: Uint8Array): string {
  const read = outcome(() => {
    const reader = new StreamReader(envelope, dialed);
    for (const chunk of chunksOf(bytes)) {
      const message = reader.push(chunk);
      if (message) return message;
    }
    return undefined;
  });
  if ('error' in read) return outline(read.error.message);
  return read.value ? `reads ${openStream(read.value)}` : 'unfinished';
}

const plain = plainEnvelope();
const sealed = sealedEnvelope();

/** Ways in for what a stream carries. */
export const STREAM_DOORS: readonly Door[] = [
  { name: 'stream', memory: 96 * MIB, open: openStream },
  { name: 'framer', memory: 96 * MIB, open: openFramer },
  { name: 'plain-stream', memory: 96 * MIB, open: (bytes) => openReader(plain, true, bytes) },
  { name: 'sealed-stream', memory: 96 * MIB, open: (bytes) => openReader(sealed, true, bytes) },
  { name: 'sealed-reply', memory: 96 * MIB, open: (bytes) => openReader(sealed, false, bytes) },
];
