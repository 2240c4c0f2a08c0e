import type { Address } from '../address.js';
import type { Context } from '../context.js';
import type { NodeRecord } from '../nodes/node-record.js';
import { Capability, greatestVersion } from '../versions.js';
import { COMPOUND_OVERHEAD, COMPOUND_PART_OVERHEAD, MAX_COMPOUND_PARTS } from '../wire/compound.js';
import type { PacketMessage } from '../wire/message-types.js';
import { CRC_BYTES } from '../wire/packet.js';
import { type Part, partOf } from '../wire/part.js';

/** Sends messages in datagrams, and lets waiting updates ride along in the room that is left. */
export class PacketSender {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Sends one message plus what updates fit beside it. */
  send(message: PacketMessage, to: Address, node?: NodeRecord): void {
    const part = partOf(message);
    const room = roomOf(this.#context) - part.bytes.length - COMPOUND_PART_OVERHEAD;
    this.#send([part, ...this.#take(room, MAX_COMPOUND_PARTS - 1, node)], to, node);
  }

  /** Sends a datagram of waiting updates; false if there are none. */
  sendUpdates(node: NodeRecord): boolean {
    const updates = this.#take(roomOf(this.#context), MAX_COMPOUND_PARTS, node);
    if (updates.length > 0) this.#send(updates, node.address, node);
    return updates.length > 0;
  }

  /** Sends messages and nothing else. `node` is the receiver, if it is known. */
  sendExactly(messages: readonly PacketMessage[], to: Address, node?: NodeRecord): void {
    this.#send(messages.map(partOf), to, node);
  }

  #send(parts: readonly Part[], to: Address, node: NodeRecord | undefined): void {
    const crc = node !== undefined && greatestVersion(node.vsn) >= Capability.crc;
    this.#context.host.send({ parts, crc }, to);
  }

  /** Most bytes of a user message that still fits one datagram beside nothing else. */
  get maxMessageBytes(): number {
    return maxMessageBytes(this.#context);
  }

  #take(room: number, most: number, to: NodeRecord | undefined): Part[] {
    const doubt = to !== undefined && to.status !== 'alive';
    return this.#context.queue.take(room, COMPOUND_PART_OVERHEAD, most, doubt);
  }
}

/** What parts and their lengths may take. memberlist forgets the CRC here and so exceeds its own limit. */
function roomOf({ config, packetOverhead }: Context): number {
  return config.udpBytes - packetOverhead - CRC_BYTES - COMPOUND_OVERHEAD;
}

/** Most bytes of a user message that still fits one datagram; a longer one would wait in the queue for ever. */
export function maxMessageBytes(context: Context): number {
  return roomOf(context) - COMPOUND_PART_OVERHEAD - 1;
}
