import { MessageType } from './message-types.js';
import { MsgpackWriter } from './msgpack-writer.js';
import { WireError } from './wire-error.js';

/** Most parts put into one compound: memberlist up to 0.2.3 misreads 128 and more. */
export const MAX_COMPOUND_PARTS = 127;

/** Bytes that a compound costs by itself. */
export const COMPOUND_OVERHEAD = 2;

/** Bytes that a compound costs for each part, besides the part itself. */
export const COMPOUND_PART_OVERHEAD = 2;

/** Packs encoded messages, at most MAX_COMPOUND_PARTS and none empty, into one compound message. */
export function encodeCompound(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length > MAX_COMPOUND_PARTS) throw new RangeError(`${parts.length} parts in one compound`);
  const writer = new MsgpackWriter().byte(MessageType.compound).byte(parts.length);
  for (const part of parts) writer.byte(part.length >> 8).byte(part.length & 0xff);
  for (const part of parts) writer.append(part);
  return writer.finish();
}

/** The parts of a compound (type byte included) and how many of them were cut off at its end. */
export function splitCompound(bytes: Uint8Array): { parts: Uint8Array[]; truncated: number } {
  const count = bytes[1];
  if (count === undefined) throw new WireError('compound ends before its count');
  let at = COMPOUND_OVERHEAD + count * COMPOUND_PART_OVERHEAD;
  if (at > bytes.length) throw new WireError(`compound of ${count} ends within its list of lengths`);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const length = ((bytes[2 + i * 2] ?? 0) << 8) | (bytes[3 + i * 2] ?? 0);
    if (at + length > bytes.length) return { parts, truncated: count - i };
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return { parts, truncated: 0 };
}
