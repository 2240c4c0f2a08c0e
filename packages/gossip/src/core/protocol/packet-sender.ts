import type { Address } from '../address.js';
import type { Context } from '../context.js';
import type { NodeRecord } from '../nodes/node-record.js';
import { Capability, greatestVersion } from '../versions.js';
import { COMPOUND_OVERHEAD, COMPOUND_PART_OVERHEAD, MAX_COMPOUND_PARTS } from '../wire/compound.js';
import { encodeMessage } from '../wire/message-encoder.js';
import type { PacketMessage } from '../wire/message-types.js';
import { encodePacket } from '../wire/packet.js';

/** Sends messages in datagrams, and lets waiting updates ride along in the room that is left. */
export class PacketSender {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Sends one message plus what updates fit beside it. */
  send(message: PacketMessage, to: Address, node?: NodeRecord): void {
    const bytes = encodeMessage(message);
    const room = this.#room() - bytes.length - COMPOUND_PART_OVERHEAD;
    this.sendExactly([bytes, ...this.#take(room, MAX_COMPOUND_PARTS - 1, node)], to, node);
  }

  /** Sends a datagram of waiting updates; false if there are none. */
  sendUpdates(node: NodeRecord): boolean {
    const updates = this.#take(this.#room(), MAX_COMPOUND_PARTS, node);
    if (updates.length > 0) this.sendExactly(updates, node.address, node);
    return updates.length > 0;
  }

  /** Sends encoded messages and nothing else. `node` is the receiver, if it is known. */
  sendExactly(messages: readonly Uint8Array[], to: Address, node?: NodeRecord): void {
    const crc = node !== undefined && greatestVersion(node.vsn) >= Capability.crc;
    this.#context.host.send(encodePacket(messages, { compress: this.#context.config.compress, crc }), to);
  }

  #room(): number {
    const { config, packetOverhead } = this.#context;
    return config.udpBytes - packetOverhead - COMPOUND_OVERHEAD;
  }

  #take(room: number, most: number, to: NodeRecord | undefined): Uint8Array[] {
    const doubt = to !== undefined && to.status !== 'alive';
    return this.#context.queue.take(room, COMPOUND_PART_OVERHEAD, most, doubt);
  }
}
