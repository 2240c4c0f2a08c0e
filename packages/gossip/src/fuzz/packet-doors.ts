import { decodeTags, decodeUtf8, encodeTags, encodeUtf8, MAX_META_BYTES } from '../core/index.js';
import { readSerfNews } from '../core/serf/intents.js';
import { readSerfState } from '../core/serf/state.js';
import { lzwCompress, lzwExpand } from '../core/wire/lzw.js';
import { decodeMessage } from '../core/wire/message-decoder.js';
import { encodeMessage } from '../core/wire/message-encoder.js';
import type { PacketMessage } from '../core/wire/message-types.js';
import { MsgpackReader } from '../core/wire/msgpack-reader.js';
import { decodePacket, MAX_PACKET_EXPANSION, MAX_PACKET_MESSAGES } from '../core/wire/packet.js';
import { type Door, outcome, outline, rule } from './door.js';
import { plainEnvelope, sealedEnvelope } from './odd-envelopes.js';

const MIB = 1 << 20;

const equal = (a: unknown, b: unknown): boolean => fingerprint(a) === fingerprint(b);

/** Text that is the same for equal messages. */
export function fingerprint(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, field: unknown) {
    // Buffers have turned themselves into something else when they arrive here as `field`.
    const bytes = this[key];
    return bytes instanceof Uint8Array ? `hex:${Buffer.from(bytes).toString('hex')}` : field;
  });
}

function contentOf(message: PacketMessage): number {
  const fields: unknown[] = Object.values(message);
  return fields.reduce<number>(
    (sum, field) => sum + (field instanceof Uint8Array || typeof field === 'string' ? field.length : 0),
    0,
  );
}

/** What a packet came to; checks that it stayed within its limits and that each message survives a second trip. */
export function openPacket(bytes: Uint8Array): string {
  const { messages, errors } = decodePacket(bytes);
  const content = messages.reduce((sum, message) => sum + contentOf(message), 0);
  const most = Math.max(bytes.length, MAX_PACKET_EXPANSION) + 32 * MAX_PACKET_MESSAGES;
  rule(content <= most, () => `${bytes.length} bytes held ${content} bytes of messages`);
  rule(
    messages.length + errors.length <= MAX_PACKET_MESSAGES + 8,
    () => `${messages.length} messages and ${errors.length} errors`,
  );
  for (const message of messages) {
    const again = decodeMessage(encodeMessage(message));
    rule(equal(again, message), () => `${message.type} changes when it is passed on`);
  }
  const types = [...new Set(messages.map((message) => message.type))].sort();
  return [...types, ...errors.slice(0, 2).map((error) => outline(error.message))].join(' | ');
}

function openEnvelope(envelope: { unwrapPacket(bytes: Uint8Array): Uint8Array }, bytes: Uint8Array): string {
  const opened = outcome(() => envelope.unwrapPacket(bytes));
  return 'error' in opened ? outline(opened.error.message) : openPacket(opened.value);
}

const LZW_LIMIT = MIB;

function openLzw(bytes: Uint8Array): string {
  const expanded = outcome(() => lzwExpand(bytes, LZW_LIMIT));
  if ('error' in expanded) return outline(expanded.error.message);
  rule(expanded.value.length <= LZW_LIMIT, () => `expanded to ${expanded.value.length} bytes`);
  openLzwBack(expanded.value);
  return 'expands';
}

function openLzwBack(plain: Uint8Array): string {
  const again = lzwExpand(lzwCompress(plain), plain.length);
  rule(Buffer.compare(again, plain) === 0, () => `${plain.length} bytes change in compression`);
  return 'compresses';
}

function openMsgpack(bytes: Uint8Array): string {
  const reader = new MsgpackReader(bytes);
  const skipped = outcome(() => reader.skip());
  rule(reader.offset <= bytes.length, () => `the reader stands at ${reader.offset}, beyond the end`);
  return 'error' in skipped ? outline(skipped.error.message) : 'a value';
}

function openTags(bytes: Uint8Array): string {
  const tags = decodeTags(bytes);
  if (bytes.length > MAX_META_BYTES) return 'too long for a meta';
  const names = Object.keys(tags);
  rule(equal(decodeTags(encodeTags(tags)), sorted(tags)), () => 'tags change when they are passed on');
  return `${Math.min(names.length, 3)} tags`;
}

function sorted(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function openSerf(bytes: Uint8Array): string {
  const state = readSerfState(bytes);
  const intents = [...readSerfNews(bytes).intents, ...state.intents];
  for (const { ltime } of [state, ...intents]) {
    rule(Number.isSafeInteger(ltime) && ltime >= 0, () => `Lamport time ${ltime}`);
  }
  return `${[...new Set(intents.map((intent) => intent.kind))]} ${state.ltime > 0}`;
}

function openText(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  rule(Buffer.compare(encodeUtf8(text), bytes) === 0, () => 'bytes change when they are read as text');
  return text.length === bytes.length ? 'bytes' : 'characters';
}

const plain = plainEnvelope();
const sealed = sealedEnvelope();

/** Ways in for what a datagram carries. */
export const PACKET_DOORS: readonly Door[] = [
  { name: 'packet', memory: 8 * MIB, open: openPacket },
  { name: 'plain-datagram', memory: 8 * MIB, open: (bytes) => openEnvelope(plain, bytes) },
  { name: 'sealed-datagram', memory: 8 * MIB, open: (bytes) => openEnvelope(sealed, bytes) },
  { name: 'lzw', memory: 16 * MIB, open: openLzw },
  { name: 'lzw-back', memory: 16 * MIB, open: openLzwBack },
  { name: 'msgpack', memory: 16 * MIB, open: openMsgpack },
  { name: 'tags', memory: 4 * MIB, open: openTags },
  { name: 'serf', memory: 4 * MIB, open: openSerf },
  { name: 'text', memory: 8 * MIB, open: openText },
];
