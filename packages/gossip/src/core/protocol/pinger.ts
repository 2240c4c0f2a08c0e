import type { Context } from '../context.js';
import type { NodeRecord } from '../nodes/node-record.js';
import type { Accusation, Ping, Source } from '../wire/message-types.js';
import type { PacketSender } from './packet-sender.js';
import type { Probe } from './probe.js';

/** A ping, our own or by a helper, for which an ack may still come. */
export interface PendingPing {
  target: string;
  sentAt: number;
  /** The probe that it is part of, if it is part of one. */
  probe?: Probe;
  /** Whom we asked to ping for us; undefined for a ping of our own. */
  helper?: string;
}

/** An ack is taken for life for this many probe intervals, also after the probe has ended. */
const KEPT_INTERVALS = 10;

/** Where answers to this node's pings should go. Left out where it says no more than the datagram's own source. */
export function sourceOf(context: Context): Source {
  const { addr, address, name } = context.nodes.self;
  if (context.repliesReachSender) return { sourceAddr: null, sourcePort: 0, sourceNode: name };
  return { sourceAddr: addr, sourcePort: address.port, sourceNode: name };
}

/** Sends pings, each with a number of its own, and knows which ones may still be answered. */
export class Pinger {
  readonly #context: Context;
  readonly #sender: PacketSender;
  /** The number of the next ping. */
  readonly nextSeqNo: () => number;
  /** In the order of sending. */
  readonly #pending = new Map<number, PendingPing>();

  constructor(context: Context, sender: PacketSender, nextSeqNo: () => number) {
    this.#context = context;
    this.#sender = sender;
    this.nextSeqNo = nextSeqNo;
  }

  /** Remembers a ping that is about to be sent, so that its ack will be known. */
  register(seqNo: number, ping: Omit<PendingPing, 'sentAt'>): void {
    const { host, config } = this.#context;
    const now = host.now();
    for (const [old, { sentAt, probe }] of this.#pending) {
      if (now - sentAt < KEPT_INTERVALS * config.probeIntervalMs) break;
      // A probe takes longer than that if this process was stopped meanwhile, and its timers must find it to end it.
      if (probe === undefined || probe.stage === 'over') this.#pending.delete(old);
    }
    this.#pending.set(seqNo, { ...ping, sentAt: now });
  }

  get(seqNo: number): PendingPing | undefined {
    return this.#pending.get(seqNo);
  }

  /** The ping that was answered, once. */
  take(seqNo: number): PendingPing | undefined {
    const ping = this.#pending.get(seqNo);
    this.#pending.delete(seqNo);
    return ping;
  }

  /** Pings a node outside of any probe. */
  ping(target: NodeRecord): void {
    const seqNo = this.nextSeqNo();
    this.register(seqNo, { target: target.name });
    this.send(target, seqNo);
  }

  /** Sends a registered ping. A suspect is told of the suspicion with it: nobody else can refute (Lifeguard's buddy system). */
  send(target: NodeRecord, seqNo: number): void {
    const ping = this.message(target.name, seqNo);
    if (target.status !== 'suspect') {
      this.#sender.send(ping, target.address, target);
      return;
    }
    const { incarnation, name } = target;
    const from = this.#context.nodes.self.name;
    const accusation: Accusation = { type: 'suspect', incarnation, node: name, from };
    this.#sender.sendExactly([ping, accusation], target.address, target);
  }

  message(node: string, seqNo: number): Ping {
    return { ...sourceOf(this.#context), type: 'ping', seqNo, node };
  }
}
