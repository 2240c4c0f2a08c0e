import type { Context } from '../context.js';
import { warn } from '../context.js';
import { dropOldest } from '../drop-oldest.js';
import type { ExchangeResult, ProbeStage, Timer } from '../host.js';
import { isActive, type NodeRecord } from '../nodes/node-record.js';
import { Capability, greatestVersion } from '../versions.js';
import type { Ack, Nack } from '../wire/message-types.js';
import type { PacketSender } from './packet-sender.js';
import { type PendingPing, type Pinger, sourceOf } from './pinger.js';
import { Probe, type ProbeReport } from './probe.js';
import { ProbeOrder } from './probe-order.js';

/** Who is told what probes find. */
export interface ProbeListener {
  /** No way led to the target in time. */
  failed(report: ProbeReport): void;
  /** A node has answered a ping, however late. */
  answered(name: string): void;
}

/** The two rows of probes: of all nodes in random order, and of the successor on the ring. */
export type Track = 'random' | 'ring';

/** Below this many active nodes the ring adds nothing to the random order. */
const RING_FROM = 3;

/** Share of its probes that a slow ring successor gets, or nobody would notice soon that it no longer is. */
const SLOW_SHARE = 0.25;

/** A timer that is late by more than this share of the wait says that this process did not run meanwhile. */
export const TOLERATED_LATENESS = 0.5;

type StageTimer = Extract<Timer, { kind: 'probe-stage' }>;

/** Most nodes remembered that answered over TCP alone. */
const MAX_TCP_ONLY = 1024;

/**
 * The failure detector (SWIM section 3.1 with Lifeguard's local health). In each interval it begins one probe in
 * random order and, half an interval apart, one of the ring successor; others come on demand. They run side by side.
 */
export class Prober {
  readonly #context: Context;
  readonly #sender: PacketSender;
  readonly #pinger: Pinger;
  readonly #listener: ProbeListener;
  readonly #order: ProbeOrder;
  /** Running probes by target. */
  readonly #running = new Map<string, Probe>();
  /** Nodes that answered a ping over TCP, and no datagram since. */
  readonly #tcpOnly = new Set<string>();
  readonly #tracks: Record<Track, { probe: Probe | undefined; waiting: boolean }> = {
    random: { probe: undefined, waiting: false },
    ring: { probe: undefined, waiting: false },
  };

  constructor(context: Context, sender: PacketSender, pinger: Pinger, listener: ProbeListener) {
    this.#context = context;
    this.#sender = sender;
    this.#pinger = pinger;
    this.#listener = listener;
    this.#order = new ProbeOrder(context.nodes);
  }

  /** Begins probing after a random part of the interval, so that nodes started together don't probe in step. */
  start(): void {
    const { host, config } = this.#context;
    const first = host.random() * config.probeIntervalMs;
    host.schedule(first, { kind: 'probe', track: 'random' });
    if (config.judgment === 'memberlist') return;
    const opposite = (first + config.probeIntervalMs / 2) % config.probeIntervalMs;
    host.schedule(opposite, { kind: 'probe', track: 'ring' });
  }

  /** Begins the next probe of a track, once its last one is over. */
  probeTimer(name: Track): void {
    const { host, config, leaving } = this.#context;
    if (leaving) return;
    this.#reap();
    const track = this.#tracks[name];
    track.waiting = track.probe !== undefined && track.probe.stage !== 'over';
    if (track.waiting) return;
    const target = name === 'ring' ? this.#successor() : this.#order.next();
    track.probe = target && this.begin(target);
    host.schedule(config.probeIntervalMs, { kind: 'probe', track: name });
  }

  /** Probes a node now, unless that is being done already. */
  begin(target: NodeRecord): Probe {
    const running = this.#running.get(target.name);
    if (running) return running;
    const { host, config, counters, awareness, roundTrips } = this.#context;
    counters.probes++;
    const endsAt = host.now() + awareness.scale(config.probeIntervalMs);
    const probe = new Probe(target.name, this.#pinger.nextSeqNo(), endsAt);
    this.#running.set(target.name, probe);
    this.#pinger.register(probe.seqNo, { target: target.name, probe });
    this.#pinger.send(target, probe.seqNo);
    this.#schedule(probe, 'direct', awareness.scale(roundTrips.timeout(target.name)));
    return probe;
  }

  /** A stage of a probe has had its time. */
  stageTimer(timer: StageTimer): void {
    const probe = this.#pinger.get(timer.seqNo)?.probe;
    if (!probe || probe.stage === 'over') return;
    if (this.#weighsEvidence && this.#context.host.now() - timer.dueAt > timer.toleratedMs) {
      this.#extend(probe, timer.stage);
      return;
    }
    switch (timer.stage) {
      case 'direct':
        this.#askOthers(probe);
        break;
      case 'tcp':
        if (probe.tcp === 'waiting') probe.tcp = 'unanswered';
        this.#check(probe);
        break;
      case 'end':
        this.#fail(probe);
        break;
    }
  }

  /** Takes an ack; false if it is for no ping of the prober's. */
  ack(message: Ack): boolean {
    const ping = this.#pinger.take(message.seqNo);
    if (!ping) return false;
    if (ping.helper === undefined) this.#measured(ping, message.payload);
    this.#answered(ping);
    return true;
  }

  nack(message: Nack): void {
    const ping = this.#pinger.get(message.seqNo);
    if (!ping?.probe || ping.helper === undefined) return;
    ping.probe.nacked(ping.helper);
    this.#check(ping.probe);
  }

  /** Takes the outcome of the ping over TCP. */
  streamReply(seqNo: number, result: ExchangeResult): void {
    const ping = this.#pinger.get(seqNo);
    if (!ping?.probe) return;
    const { target } = ping;
    if (result.ok && result.reply.type === 'ack' && result.reply.seqNo === seqNo) {
      this.#context.counters.tcpProbes++;
      this.#reachedByTcp(target);
      this.#pinger.take(seqNo);
      this.#answered(ping);
      return;
    }
    if (ping.probe.tcp !== 'waiting') return;
    ping.probe.tcp = !result.ok && result.refused ? 'refused' : 'failed';
    this.#check(ping.probe);
  }

  /** Warns when no datagram was answered between two such answers: a single one is a matter of packets lost. */
  #reachedByTcp(target: string): void {
    if (this.#tcpOnly.has(target)) {
      warn(this.#context, 'udp-blocked', `${target} answers over TCP but not over UDP`);
      return;
    }
    this.#tcpOnly.add(target);
    dropOldest(this.#tcpOnly, MAX_TCP_ONLY);
  }

  #measured({ target, sentAt }: PendingPing, payload: Uint8Array | null): void {
    const { host, roundTrips, nodes } = this.#context;
    const milliseconds = host.now() - sentAt;
    roundTrips.measured(target, milliseconds);
    this.#tcpOnly.delete(target);
    const node = nodes.get(target);
    if (node) host.notify({ kind: 'round-trip', node, milliseconds, payload });
  }

  /** The ring successor, unless more probes would be a burden: on this node in doubt of its own health, or on that one. */
  #successor(): NodeRecord | undefined {
    const { host, nodes, ring, awareness, roundTrips } = this.#context;
    if (nodes.active < RING_FROM || awareness.score > 0) return undefined;
    const successor = ring.get();
    const burdened = successor !== undefined && roundTrips.isSlow(successor.name);
    return burdened && host.random() >= SLOW_SHARE ? undefined : successor;
  }

  #askOthers(probe: Probe): void {
    const { counters, host, nodes, config, awareness } = this.#context;
    const target = nodes.get(probe.target);
    if (!target || !isActive(target)) {
      this.#over(probe);
      return;
    }
    counters.indirectProbes++;
    probe.stage = 'indirect';
    // If this process was late, its time is over by now; others get as much as they always do.
    const leastMs = awareness.scale(config.probeIntervalMs - config.probeTimeoutMs);
    const leftMs = Math.max(leastMs, probe.endsAt - host.now());
    if (greatestVersion(target.vsn) >= Capability.tcpPing) {
      probe.tcp = 'waiting';
      const request = this.#pinger.message(target.name, probe.seqNo);
      host.exchange(request, target.address, { kind: 'ping', seqNo: probe.seqNo }, leftMs);
    }
    this.#askHelpers(probe, target);
    this.#schedule(probe, 'end', leftMs);
    // Not the adaptive timeout: a busy node gets this much longer to answer than one packet takes.
    const tcpMs = awareness.scale(config.probeTimeoutMs);
    if (this.#weighsEvidence && tcpMs < leftMs) this.#schedule(probe, 'tcp', tcpMs);
  }

  #askHelpers(probe: Probe, target: NodeRecord): void {
    const { nodes, config } = this.#context;
    const { name: own } = nodes.self;
    // Of a suspect's life and death twice as many should have their say.
    const helpers = config.indirectChecks * (target.status === 'suspect' && this.#weighsEvidence ? 2 : 1);
    const able = (node: NodeRecord): boolean =>
      node.status === 'alive' && node.name !== own && node.name !== target.name;
    for (const helper of nodes.pick(helpers, able)) {
      const nack = greatestVersion(helper.vsn) >= Capability.nack;
      probe.asked(helper.name, nack);
      const seqNo = this.#pinger.nextSeqNo();
      this.#pinger.register(seqNo, { target: target.name, probe, helper: helper.name });
      const { addr, address, name } = target;
      const request = {
        type: 'indirect',
        seqNo,
        target: addr,
        port: address.port,
        node: name,
        nack,
      } as const;
      this.#sender.send({ ...sourceOf(this.#context), ...request }, helper.address, helper);
    }
  }

  #answered(ping: PendingPing): void {
    const { probe, target } = ping;
    if (probe && probe.stage !== 'over') {
      this.#context.awareness.apply(-1);
      this.#over(probe);
    }
    this.#listener.answered(target);
  }

  /** Fails a probe as soon as nothing is left to wait for. */
  #check(probe: Probe): void {
    if (this.#weighsEvidence && probe.complete) this.#fail(probe);
  }

  #fail(probe: Probe): void {
    const { counters, awareness, nodes } = this.#context;
    const alone = nodes.active <= 2;
    const report = probe.report(alone);
    counters.probesFailed++;
    counters.nacksMissed += probe.nacksMissing;
    if (probe.nacksExpected > 0) awareness.apply(probe.nacksMissing);
    else if (!report.refused) awareness.apply(1);
    this.#over(probe);
    this.#listener.failed(report);
  }

  /** This process was stopped or starved while the probe ran: silence is no evidence, so it waits again. */
  #extend(probe: Probe, stage: ProbeStage): void {
    const { awareness, counters, roundTrips } = this.#context;
    awareness.apply(1);
    if (probe.extend()) {
      this.#schedule(probe, stage, awareness.scale(roundTrips.timeout(probe.target)));
      return;
    }
    counters.probesInconclusive++;
    this.#over(probe);
  }

  #over(probe: Probe): void {
    probe.stage = 'over';
    this.#running.delete(probe.target);
    for (const track of ['random', 'ring'] as const) {
      const state = this.#tracks[track];
      if (state.probe === probe && state.waiting) this.#context.host.schedule(0, { kind: 'probe', track });
    }
  }

  get #weighsEvidence(): boolean {
    return this.#context.config.judgment === 'evidence';
  }

  #schedule(probe: Probe, stage: ProbeStage, delayMs: number): void {
    const { host } = this.#context;
    const dueAt = host.now() + delayMs;
    const toleratedMs = delayMs * TOLERATED_LATENESS;
    host.schedule(delayMs, { kind: 'probe-stage', seqNo: probe.seqNo, stage, toleratedMs, dueAt });
  }

  #reap(): void {
    const { nodes, host, config } = this.#context;
    nodes.reap(host.now() - config.gossipToTheDeadMs);
    nodes.forget(host.now() - config.tombstoneMs, (node) =>
      host.notify({ kind: 'member', change: 'forget', node, from: nodes.self.name }),
    );
  }
}
