import { type Address, formatAddress, hostOfBytes } from '../address.js';
import type { Context } from '../context.js';
import { warn } from '../context.js';
import type { Ack, IndirectPing, Ping, Source } from '../wire/message-types.js';
import type { PacketSender } from './packet-sender.js';

/** Nack at this share of the timeout, so that the nack is there before the asker gives up (Lifeguard, footnote 5). */
const NACK_AT = 0.8;

/** Most pings made for others at one time; further requests are dropped, as a lost packet would be. */
const MAX_RELAYS = 1024;

interface Relay {
  origin: Address;
  originSeqNo: number;
  nack: boolean;
}

/** Answers pings, and pings on behalf of others. */
export class Responder {
  readonly #context: Context;
  readonly #sender: PacketSender;
  readonly #nextSeqNo: () => number;
  readonly #relays = new Map<number, Relay>();

  constructor(context: Context, sender: PacketSender, nextSeqNo: () => number) {
    this.#context = context;
    this.#sender = sender;
    this.#nextSeqNo = nextSeqNo;
  }

  /** Answers a ping, unless it is meant for another node that had this address before. */
  ping(message: Ping, from: Address): void {
    const { nodes } = this.#context;
    const to = answerTo(message, from);
    if (message.node !== '' && message.node !== nodes.self.name) {
      warn(this.#context, 'misaddressed', `ping for '${message.node}' from ${formatAddress(to)}`);
      return;
    }
    this.#tellTheDead(message.sourceNode, to);
    this.#sender.send({ type: 'ack', seqNo: message.seqNo, payload: null }, to);
  }

  /** Pings a node for another one. */
  indirectPing(message: IndirectPing, from: Address): void {
    const { host, config, nodes } = this.#context;
    const target = message.target && hostOfBytes(message.target);
    if (!target || this.#relays.size >= MAX_RELAYS) return;
    const seqNo = this.#nextSeqNo();
    this.#relays.set(seqNo, {
      origin: answerTo(message, from),
      originSeqNo: message.seqNo,
      nack: message.nack,
    });
    const { addr, address, name } = nodes.self;
    const source = { sourceAddr: addr, sourcePort: address.port, sourceNode: name };
    const port = message.port === 0 ? address.port : message.port;
    this.#sender.send({ type: 'ping', seqNo, node: message.node, ...source }, { host: target, port });
    host.schedule(config.probeTimeoutMs * NACK_AT, { kind: 'relay-nack', seqNo });
    host.schedule(config.probeIntervalMs, { kind: 'relay-end', seqNo });
  }

  /** Passes an ack on to the node that we pinged for. */
  ack(message: Ack): void {
    const relay = this.#relays.get(message.seqNo);
    if (!relay) return;
    this.#relays.delete(message.seqNo);
    this.#sender.send({ type: 'ack', seqNo: relay.originSeqNo, payload: null }, relay.origin);
  }

  nackTimer(seqNo: number): void {
    const relay = this.#relays.get(seqNo);
    if (relay?.nack) this.#sender.send({ type: 'nack', seqNo: relay.originSeqNo }, relay.origin);
  }

  endTimer(seqNo: number): void {
    this.#relays.delete(seqNo);
  }

  /** A node that is taken for dead and pings all the same must learn of it, or it could never refute. */
  #tellTheDead(name: string, at: Address): void {
    const { nodes } = this.#context;
    const node = nodes.get(name);
    if (node?.status !== 'dead') return;
    const { incarnation } = node;
    this.#sender.sendExactly([{ type: 'suspect', incarnation, node: name, from: nodes.self.name }], at);
  }
}

/** Where the answer to a ping goes: to its source fields if it has both, else to where it came from. */
function answerTo(source: Source, from: Address): Address {
  const host = source.sourceAddr && hostOfBytes(source.sourceAddr);
  return host && source.sourcePort !== 0 ? { host, port: source.sourcePort } : from;
}
