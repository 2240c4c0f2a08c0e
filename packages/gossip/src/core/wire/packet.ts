import { concatBytes } from './bytes.js';
import { COMPOUND_OVERHEAD, COMPOUND_PART_OVERHEAD, encodeCompound, splitCompound } from './compound.js';
import { compressIfSmaller, decodeCompressed } from './compress.js';
import { crc32 } from './crc32.js';
import { decodeMessage } from './message-decoder.js';
import { MessageType, type PacketMessage } from './message-types.js';
import type { Part } from './part.js';
import { WireError } from './wire-error.js';

/**
 * Most bytes that all compress messages of one datagram may expand to, nested ones counted each: what UDP could have
 * carried uncompressed. Whoever fills datagrams up to a size and compresses then, as memberlist does, stays below.
 */
export const MAX_PACKET_EXPANSION: number = 1 << 16;

/** Most messages, good and bad, taken from one datagram: as many as one compound has, not what nested ones could. */
export const MAX_PACKET_MESSAGES = 255;

/** How often a compound or compress message may contain another. Go doesn't limit it; honest senders use 2. */
const MAX_NESTING = 4;

/** Below this many bytes LZW practically never wins, so the work is not begun. */
const COMPRESS_FROM = 256;

/** Bytes of the CRC header. */
export const CRC_BYTES = 5;

/** One datagram as data: what it carries, at least one part and in this order, and what goes around it. */
export interface Packet {
  readonly parts: readonly Part[];
  /** Only towards nodes whose greatest protocol version is 5 or more. */
  readonly crc: boolean;
}

/** The plain bytes of a datagram: compound, compression if that is wanted and pays, crc, in this order. */
export function encodePacket(packet: Packet, compress: boolean): Uint8Array {
  const [only] = packet.parts;
  const single = packet.parts.length === 1 && only;
  let bytes = single ? only.bytes : encodeCompound(packet.parts.map((part) => part.bytes));
  if (compress && bytes.length >= COMPRESS_FROM) bytes = compressIfSmaller(bytes);
  return packet.crc ? withCrc(bytes) : bytes;
}

/** How many bytes `encodePacket` gives without compression. */
export function packetLength(packet: Packet): number {
  const { parts, crc } = packet;
  let length = crc ? CRC_BYTES : 0;
  if (parts.length > 1) length += COMPOUND_OVERHEAD + parts.length * COMPOUND_PART_OVERHEAD;
  for (const part of parts) length += part.bytes.length;
  return length;
}

/** Puts the CRC header in front. */
export function withCrc(bytes: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(CRC_BYTES));
  header.setUint8(0, MessageType.crc);
  header.setUint32(1, crc32(bytes));
  return concatBytes(new Uint8Array(header.buffer), bytes);
}

function checkCrc(bytes: Uint8Array): Uint8Array {
  if (bytes.length < CRC_BYTES) throw new WireError('datagram ends within its CRC');
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  const rest = bytes.subarray(CRC_BYTES);
  const found = crc32(rest);
  if (found !== expected)
    throw new WireError(`CRC is 0x${found.toString(16)}, expected 0x${expected.toString(16)}`);
  return rest;
}

/** What a datagram held: its good messages in order, and what was wrong with the others. */
export interface DecodedPacket {
  messages: PacketMessage[];
  errors: WireError[];
}

/**
 * Unpacks the plain bytes of a datagram (label and encryption already taken off). Never throws: each part that
 * can't be read becomes an error beside the messages that can.
 */
export function decodePacket(bytes: Uint8Array): DecodedPacket {
  const unpacker = new Unpacker();
  unpacker.collect(() => unpacker.unpack(bytes[0] === MessageType.crc ? checkCrc(bytes) : bytes, 0));
  return unpacker;
}

class Unpacker implements DecodedPacket {
  readonly messages: PacketMessage[] = [];
  readonly errors: WireError[] = [];
  #expansionLeft = MAX_PACKET_EXPANSION;

  /** Runs a step and keeps the WireError that it may throw. */
  collect(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.errors.push(error);
    }
  }

  unpack(bytes: Uint8Array, depth: number): void {
    if (depth > MAX_NESTING) throw new WireError(`messages nested more than ${MAX_NESTING} deep`);
    switch (bytes[0]) {
      case MessageType.compress:
        this.unpack(this.#expand(bytes), depth + 1);
        return;
      case MessageType.compound:
        this.#unpackCompound(bytes, depth);
        return;
      default:
        this.messages.push(decodeMessage(bytes));
    }
  }

  #expand(bytes: Uint8Array): Uint8Array {
    const limit = this.#expansionLeft;
    // What turns out to be damaged has cost the work all the same.
    this.#expansionLeft = 0;
    const expanded = decodeCompressed(bytes, limit);
    this.#expansionLeft = limit - expanded.length;
    return expanded;
  }

  #unpackCompound(bytes: Uint8Array, depth: number): void {
    const { parts, truncated } = splitCompound(bytes);
    for (const part of parts) {
      if (this.messages.length + this.errors.length >= MAX_PACKET_MESSAGES) {
        throw new WireError(`more than ${MAX_PACKET_MESSAGES} messages in one datagram`);
      }
      this.collect(() => this.unpack(part, depth + 1));
    }
    if (truncated > 0) throw new WireError(`compound cut off: ${truncated} parts are missing`);
  }
}
