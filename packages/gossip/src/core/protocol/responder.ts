import { type Address, formatAddress, hostOfBytes } from '../address.js';
import type { Context } from '../context.js';
import { warn } from '../context.js';
import type { Timer } from '../host.js';
import { accusationOf, nameFits } from '../nodes/claims.js';
import type { Ack, IndirectPing, Ping, Source } from '../wire/message-types.js';
import type { PacketSender } from './packet-sender.js';
import { sourceOf } from './pinger.js';
import { TOLERATED_LATENESS } from './prober.js';

/** Nack at this share of the timeout, so that the nack is there before the asker gives up (Lifeguard, footnote 5). */
const NACK_AT = 0.8;

/** Most pings made for others at one time; further requests are dropped, as a lost packet would be. */
const MAX_RELAYS = 1024;

interface Relay {
  target: string;
  /** The ping goes where this node, too, knows the target to be. What is found elsewhere says nothing of it. */
  known: boolean;
  origin: Address;
  originSeqNo: number;
  nack: boolean;
  /** The target has answered. It still counts until its end, or its timers could be piled up without bound. */
  answered: boolean;
  waitMs: number;
  /** This process was late once, and has given the target more time. */
  extended: boolean;
}

/** Who is told what pings on behalf of others find. */
export interface RelayListener {
  /** The target did not answer in good time. */
  relayFailed(name: string): void;
  /** The target has answered. */
  answered(name: string): void;
}

type NackTimer = Extract<Timer, { kind: 'relay-nack' }>;

/** Answers pings, and pings on behalf of others. */
export class Responder {
  readonly #context: Context;
  readonly #sender: PacketSender;
  readonly #nextSeqNo: () => number;
  readonly #listener: RelayListener;
  readonly #relays = new Map<number, Relay>();

  constructor(context: Context, sender: PacketSender, nextSeqNo: () => number, listener: RelayListener) {
    this.#context = context;
    this.#sender = sender;
    this.#nextSeqNo = nextSeqNo;
    this.#listener = listener;
  }

  /** Answers a ping, unless it is meant for another node that had this address before. */
  ping(message: Ping, from: Address): void {
    const { nodes } = this.#context;
    const to = answerTo(message, from);
    if (message.node !== '' && message.node !== nodes.self.name) {
      warn(this.#context, 'misaddressed', `ping for '${message.node}' from ${formatAddress(to)}`);
      return;
    }
    this.#tellTheAccused(message.sourceNode, to);
    const payload = this.#context.application.ackPayload();
    this.#sender.send({ type: 'ack', seqNo: message.seqNo, payload }, to);
  }

  /** Pings a node for another one. */
  indirectPing(message: IndirectPing, from: Address): void {
    const { host, config, nodes, roundTrips } = this.#context;
    const target = message.target && hostOfBytes(message.target);
    if (!target || !nameFits(message.node) || this.#relays.size >= MAX_RELAYS) return;
    const seqNo = this.#nextSeqNo();
    const at = { host: target, port: message.port === 0 ? nodes.self.address.port : message.port };
    const ping: Ping = { ...sourceOf(this.#context), type: 'ping', seqNo, node: message.node };
    const relay: Relay = {
      target: message.node,
      known: this.#isAt(message.node, at),
      origin: answerTo(message, from),
      originSeqNo: message.seqNo,
      nack: message.nack,
      answered: false,
      waitMs: roundTrips.timeout(message.node) * NACK_AT,
      extended: false,
    };
    this.#relays.set(seqNo, relay);
    this.#sender.send(ping, at);
    this.#schedule(seqNo, relay);
    host.schedule(config.probeIntervalMs, { kind: 'relay-end', seqNo });
  }

  /** Passes an ack on to the node that we pinged for. */
  ack(message: Ack): void {
    const relay = this.#relays.get(message.seqNo);
    if (!relay || relay.answered) return;
    relay.answered = true;
    this.#sender.send({ type: 'ack', seqNo: relay.originSeqNo, payload: null }, relay.origin);
    if (relay.known) this.#listener.answered(relay.target);
  }

  /** Tells the asker that the target is silent. If this process itself was late, the target gets its time once more. */
  nackTimer(timer: NackTimer): void {
    const { seqNo, toleratedMs, dueAt } = timer;
    const relay = this.#relays.get(seqNo);
    if (!relay || relay.answered) return;
    if (!relay.extended && this.#context.host.now() - dueAt > toleratedMs) {
      relay.extended = true;
      this.#schedule(seqNo, relay);
      return;
    }
    if (relay.nack) this.#sender.send({ type: 'nack', seqNo: relay.originSeqNo }, relay.origin);
    if (relay.known) this.#listener.relayFailed(relay.target);
  }

  endTimer(seqNo: number): void {
    this.#relays.delete(seqNo);
  }

  #isAt(name: string, { host, port }: Address): boolean {
    const address = this.#context.nodes.get(name)?.address;
    return address?.host === host && address.port === port;
  }

  #schedule(seqNo: number, relay: Relay): void {
    const { host } = this.#context;
    const { waitMs } = relay;
    const toleratedMs = waitMs * TOLERATED_LATENESS;
    host.schedule(waitMs, { kind: 'relay-nack', seqNo, toleratedMs, dueAt: host.now() + waitMs });
  }

  /** A node that is suspected or taken for gone and pings all the same must learn of it, or it could not refute. */
  #tellTheAccused(name: string, at: Address): void {
    const { nodes } = this.#context;
    const node = nodes.find(name);
    if (!node || node.status === 'alive') return;
    this.#sender.sendExactly([accusationOf(node, nodes.self.name)], at);
  }
}

/** Where the answer to a ping goes: to its source fields if it has both, else to where it came from. */
function answerTo(source: Source, from: Address): Address {
  const host = source.sourceAddr && hostOfBytes(source.sourceAddr);
  return host && source.sourcePort !== 0 ? { host, port: source.sourcePort } : from;
}
