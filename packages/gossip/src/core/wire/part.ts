import { encodeMessage } from './message-encoder.js';
import type { PacketMessage } from './message-types.js';

/** A message and the bytes that it has on the wire. Neither is ever changed. */
export interface Part {
  readonly message: PacketMessage;
  /** Type byte first, as `encodeMessage` gives them. */
  readonly bytes: Uint8Array;
}

/** Parts of messages that many packets carry, and in a simulation many nodes. */
const known = new WeakMap<PacketMessage, Part>();

/** The part of a message. What spreads (updates, user messages) is encoded only once, so it must not change. */
export function partOf(message: PacketMessage): Part {
  const spreads = 'incarnation' in message || message.type === 'user';
  if (!spreads) return { message, bytes: encodeMessage(message) };
  let part = known.get(message);
  if (!part) {
    part = { message, bytes: encodeMessage(message) };
    known.set(message, part);
  }
  return part;
}
