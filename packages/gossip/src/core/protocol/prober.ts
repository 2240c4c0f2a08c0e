import type { Context } from '../context.js';
import { warn } from '../context.js';
import type { ExchangeResult } from '../host.js';
import type { Membership } from '../nodes/membership.js';
import type { NodeRecord } from '../nodes/node-record.js';
import { pickSome } from '../random.js';
import { Capability, greatestVersion } from '../versions.js';
import type { Accusation, Ack, Nack, Ping } from '../wire/message-types.js';
import type { PacketSender } from './packet-sender.js';
import { ProbeOrder } from './probe-order.js';

interface Probe {
  target: NodeRecord;
  seqNo: number;
  startedAt: number;
  endsAt: number;
  acked: boolean;
  expectedNacks: number;
  nacks: number;
}

/**
 * The failure detector (SWIM section 3.1 with Lifeguard's local health): one probe at a time; direct ping, then
 * pings by others and over TCP, then suspicion.
 */
export class Prober {
  readonly #context: Context;
  readonly #membership: Membership;
  readonly #sender: PacketSender;
  readonly #order: ProbeOrder;
  readonly #nextSeqNo: () => number;
  #running: Probe | undefined;
  #token = 0;

  constructor(context: Context, membership: Membership, sender: PacketSender, nextSeqNo: () => number) {
    this.#context = context;
    this.#membership = membership;
    this.#sender = sender;
    this.#nextSeqNo = nextSeqNo;
    this.#order = new ProbeOrder(context.nodes, () => this.#reap());
  }

  /** Begins probing after a random part of the interval, so that nodes started together don't probe in step. */
  start(): void {
    const { host, config } = this.#context;
    this.#schedule(host.random() * config.probeIntervalMs);
  }

  /** Ends the running probe and begins the next. */
  probeTimer(token: number): void {
    if (token !== this.#token || this.#context.leaving) return;
    if (this.#running && !this.#running.acked) this.#fail(this.#running);
    this.#running = undefined;
    const target = this.#order.next();
    const { awareness, config } = this.#context;
    const duration = target ? awareness.scale(config.probeIntervalMs) : config.probeIntervalMs;
    if (target) this.#begin(target, duration);
    this.#schedule(duration);
  }

  /** The direct ping was not answered in time. */
  indirectTimer(seqNo: number): void {
    const probe = this.#running;
    if (probe?.seqNo !== seqNo || probe.acked) return;
    const { counters, host } = this.#context;
    counters.indirectProbes++;
    const { target } = probe;
    if (greatestVersion(target.vsn) >= Capability.tcpPing) {
      const left = Math.max(1, probe.endsAt - host.now());
      host.exchange(this.#ping(probe), target.address, { kind: 'ping', seqNo }, left);
    }
    this.#askOthers(probe);
  }

  /** Takes an ack for the running probe; false if it belongs to none. */
  ack(message: Ack): boolean {
    const probe = this.#running;
    if (probe?.seqNo !== message.seqNo) return false;
    this.#succeed(probe);
    return true;
  }

  nack(message: Nack): void {
    if (this.#running?.seqNo === message.seqNo) this.#running.nacks++;
  }

  /** Takes the outcome of the ping over TCP. */
  streamReply(seqNo: number, result: ExchangeResult): void {
    const probe = this.#running;
    if (probe?.seqNo !== seqNo || probe.acked || !result.ok) return;
    if (result.reply.type !== 'ack' || result.reply.seqNo !== seqNo) return;
    this.#context.counters.tcpProbes++;
    warn(this.#context, 'udp-blocked', `${probe.target.name} answers over TCP but not over UDP`);
    this.#succeed(probe);
  }

  #begin(target: NodeRecord, duration: number): void {
    const { host, config, counters, awareness, nodes } = this.#context;
    counters.probes++;
    const startedAt = host.now();
    const probe: Probe = {
      target,
      seqNo: this.#nextSeqNo(),
      startedAt,
      endsAt: startedAt + duration,
      acked: false,
      expectedNacks: 0,
      nacks: 0,
    };
    this.#running = probe;
    const ping = this.#ping(probe);
    if (target.status === 'suspect') {
      // Tell the suspect itself first of all: nobody else can refute.
      const { incarnation, name } = target;
      const suspect: Accusation = { type: 'suspect', incarnation, node: name, from: nodes.self.name };
      this.#sender.sendExactly([ping, suspect], target.address, target);
    } else {
      this.#sender.send(ping, target.address, target);
    }
    host.schedule(awareness.scale(config.probeTimeoutMs), { kind: 'probe-indirect', seqNo: probe.seqNo });
  }

  #askOthers(probe: Probe): void {
    const { host, nodes, config } = this.#context;
    const { target, seqNo } = probe;
    const able = (node: NodeRecord): boolean =>
      node.status === 'alive' && node !== nodes.self && node !== target;
    for (const helper of pickSome(() => host.random(), nodes.all, config.indirectChecks, able)) {
      const nack = greatestVersion(helper.vsn) >= Capability.nack;
      if (nack) probe.expectedNacks++;
      const { addr, address, name } = target;
      this.#sender.send(
        { ...this.#source(), type: 'indirect', seqNo, target: addr, port: address.port, node: name, nack },
        helper.address,
        helper,
      );
    }
  }

  #succeed(probe: Probe): void {
    if (probe.acked) return;
    probe.acked = true;
    const { awareness, config, host } = this.#context;
    awareness.apply(-1);
    // The stretched interval is for waiting longer, not for probing less once the answer is there.
    const due = probe.startedAt + config.probeIntervalMs;
    if (due < probe.endsAt) this.#schedule(Math.max(0, due - host.now()));
  }

  #fail(probe: Probe): void {
    const { counters, awareness, nodes } = this.#context;
    const missed = Math.max(0, probe.expectedNacks - probe.nacks);
    counters.probesFailed++;
    counters.nacksMissed += missed;
    awareness.apply(probe.expectedNacks > 0 ? missed : 1);
    const { name, incarnation } = probe.target;
    this.#membership.suspect({ type: 'suspect', incarnation, node: name, from: nodes.self.name });
  }

  #ping(probe: Probe): Ping {
    return { ...this.#source(), type: 'ping', seqNo: probe.seqNo, node: probe.target.name };
  }

  #source(): { sourceAddr: Uint8Array; sourcePort: number; sourceNode: string } {
    const { addr, address, name } = this.#context.nodes.self;
    return { sourceAddr: addr, sourcePort: address.port, sourceNode: name };
  }

  #schedule(delayMs: number): void {
    this.#context.host.schedule(delayMs, { kind: 'probe', token: ++this.#token });
  }

  #reap(): void {
    const { nodes, host, config } = this.#context;
    nodes.reap(host.now() - config.gossipToTheDeadMs);
    for (const node of nodes.forget(host.now() - config.tombstoneMs)) {
      host.notify({ kind: 'member', change: 'forget', node, from: nodes.self.name });
    }
  }
}
