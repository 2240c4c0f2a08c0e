import { type Address, bytesOfHost, formatAddress } from './address.js';
import { type Application, noApplication } from './application.js';
import { Awareness } from './awareness.js';
import { BroadcastQueue } from './broadcast-queue.js';
import type { GossipConfig } from './config.js';
import { type Context, warn } from './context.js';
import { type Counters, newCounters } from './counters.js';
import type { Exchange, ExchangeResult, Host, Timer } from './host.js';
import { Judge } from './judgment/judge.js';
import type { Directory } from './nodes/directory.js';
import { above, MAX_INCARNATION } from './nodes/incarnation.js';
import { Membership } from './nodes/membership.js';
import type { NodeRecord } from './nodes/node-record.js';
import { NodeTable } from './nodes/node-table.js';
import { Announcements } from './protocol/announcements.js';
import { Farewell } from './protocol/farewell.js';
import { PacketSender } from './protocol/packet-sender.js';
import { Pinger } from './protocol/pinger.js';
import { Prober } from './protocol/prober.js';
import { Rejoiner } from './protocol/rejoiner.js';
import { Responder } from './protocol/responder.js';
import { RingSuccessor } from './protocol/ring-successor.js';
import { RoundTrips } from './protocol/round-trips.js';
import { Spreader } from './protocol/spreader.js';
import { Synchronizer } from './protocol/synchronizer.js';
import { MAX_META_BYTES } from './serf/tags.js';
import { ownVersions } from './versions.js';
import type { PacketMessage } from './wire/message-types.js';
import { decodePacket } from './wire/packet.js';
import { readStream } from './wire/stream-decoder.js';
import { encodeStream } from './wire/stream-encoder.js';
import type { StreamMessage } from './wire/stream-types.js';
import { WireError } from './wire/wire-error.js';

/** Who this node is, and what the host adds to its packets. */
export interface GossiperOptions {
  name: string;
  /** Where other nodes reach this one. */
  address: Address;
  meta: Uint8Array;
  config: GossipConfig;
  /** Greatest incarnation that this node is known to have used before; it goes on above. Default 0. */
  incarnation?: number;
  /** Bytes that label and encryption add to a datagram. Default 0. */
  packetOverhead?: number;
  /** Datagrams leave from `address` itself, so that answers to their source arrive. Default false. */
  repliesReachSender?: boolean;
  /** Shared by the nodes of a simulation, to save memory. By default each has its own. */
  directory?: Directory;
  /** What the application adds and vetoes. Default: nothing. */
  application?: Application;
}

const MAX_SEQ_NO = 0xffff_ffff;

/**
 * A member of the cluster as a state machine. It owns no socket, timer, clock or randomness: the host feeds it
 * packets, streams and timers, and does what it asks for. Same input, same output.
 */
export class Gossiper {
  readonly #context: Context;
  readonly #membership: Membership;
  readonly #judge: Judge;
  readonly #sender: PacketSender;
  readonly #prober: Prober;
  readonly #responder: Responder;
  readonly #spreader: Spreader;
  readonly #announcements: Announcements;
  readonly #sync: Synchronizer;
  readonly #rejoiner: Rejoiner;
  readonly #farewell: Farewell;
  #seqNo = 0;

  constructor(host: Host, options: GossiperOptions) {
    this.#context = newContext(host, options);
    const nextSeqNo = (): number => {
      this.#seqNo = this.#seqNo === MAX_SEQ_NO ? 1 : this.#seqNo + 1;
      return this.#seqNo;
    };
    const sender = new PacketSender(this.#context);
    this.#sender = sender;
    const pinger = new Pinger(this.#context, sender, nextSeqNo);
    this.#judge = new Judge(this.#context, () => ({
      membership: this.#membership,
      prober: this.#prober,
      pinger,
      spreader: this.#spreader,
    }));
    this.#membership = new Membership(this.#context, this.#judge, sender);
    this.#prober = new Prober(this.#context, sender, pinger, this.#judge);
    this.#responder = new Responder(this.#context, sender, nextSeqNo, this.#judge);
    this.#spreader = new Spreader(this.#context, sender);
    this.#announcements = new Announcements(this.#context, this.#membership);
    this.#sync = new Synchronizer(this.#context, this.#membership, this.#announcements);
    this.#rejoiner = new Rejoiner(this.#context, this.#sync);
    this.#farewell = new Farewell(this.#context, this.#membership, sender, this.#spreader);
  }

  /** Begins probing and exchanging. Call once. */
  start(): void {
    this.#prober.start();
    this.#sync.start();
    this.#rejoiner.start();
  }

  /** All nodes known: this one, the others, and those gone that are still remembered. Live records, don't change. */
  members(): NodeRecord[] {
    return [...this.#context.nodes.all, ...this.#context.nodes.tombstones];
  }

  /** What is known of one node, as in `members`. */
  member(name: string): NodeRecord | undefined {
    return this.#context.nodes.find(name);
  }

  get self(): NodeRecord {
    return this.#context.nodes.self;
  }

  get counters(): Readonly<Counters> {
    return this.#context.counters;
  }

  /** Local health: 0 is healthy. */
  get healthScore(): number {
    return this.#context.awareness.score;
  }

  /** Updates that wait to be passed on. */
  get queued(): number {
    return this.#context.queue.size;
  }

  /**
   * Lets nodes of a simulation, which share a directory and have not met anybody yet, know each other as if they had
   * been together for long. Nobody is told.
   */
  static acquaint(cores: readonly Gossiper[]): void {
    const [first, ...others] = cores;
    if (!first) return;
    for (const { self } of others) first.#meet(self);
    for (const other of others) other.#context.nodes.copy(first.#context.nodes);
  }

  #meet({ name, facts, incarnation }: NodeRecord): void {
    const { nodes, host } = this.#context;
    nodes.setStatus(nodes.insert({ name, facts, incarnation }), 'alive', host.now());
  }

  /** Begins a join through one address; the id comes back in a `synced` event. */
  join(to: Address): number {
    return this.#sync.exchange(to, 'join');
  }

  /** Addresses to go on trying while no active node has them. */
  setSeeds(seeds: readonly Address[]): void {
    const own = formatAddress(this.self.address);
    this.#rejoiner.setSeeds(seeds.filter((seed) => formatAddress(seed) !== own));
  }

  /** Changes what this node tells about itself. Without effect once it has left. */
  setMeta(meta: Uint8Array): void {
    checkMeta(meta);
    this.#membership.setMeta(meta);
    this.#spreader.arm();
  }

  /** Sends a message of an application to random nodes, as often as an update. They don't pass it on by themselves. */
  broadcast(body: Uint8Array): void {
    this.#context.queue.user({ type: 'user', body });
    this.#spreader.arm();
  }

  /** Most bytes of a message for `broadcast` or `send`: what fits into one datagram, whatever is put around it. */
  get maxMessageBytes(): number {
    return this.#sender.maxMessageBytes;
  }

  /** Sends a message of an application to one address, best effort. `name` is the node's there, if it is known. */
  send(body: Uint8Array, to: Address, name = ''): void {
    this.#sender.sendExactly([{ type: 'user', body }], to, this.#context.nodes.get(name));
  }

  /** The node of this name, if the protocol still works with it. */
  find(name: string): NodeRecord | undefined {
    return this.#context.nodes.get(name);
  }

  /** Says goodbye; a `left` event tells when enough others know. Only `stop` of the host is left to do then. */
  leave(): void {
    this.#farewell.begin();
    this.#spreader.arm();
  }

  /** Takes the plain bytes of a datagram. */
  handlePacket(bytes: Uint8Array, from: Address): void {
    const { messages, errors } = decodePacket(bytes);
    for (const error of errors) {
      warn(this.#context, 'malformed', `packet from ${formatAddress(from)}: ${error.message}`);
    }
    this.handleMessages(messages, from);
  }

  /** Takes the messages of a datagram, in their order. They may be kept and passed on: don't change them. */
  handleMessages(messages: readonly PacketMessage[], from: Address): void {
    for (const message of messages) this.#handleMessage(message, from);
    this.#spreader.arm();
  }

  /** Takes the plain bytes of a dialed stream; returns what to answer, or undefined to close without an answer. */
  handleStream(bytes: Uint8Array): Uint8Array | undefined {
    const request = readStream(bytes);
    if (!(request instanceof WireError)) {
      const answer = this.handleRequest(request);
      return answer && encodeStream(answer, this.#context.config.compress);
    }
    warn(this.#context, 'malformed', `stream: ${request.message}`);
    return undefined;
  }

  /** Takes the message of a dialed stream; returns what to answer, or undefined to close without an answer. */
  handleRequest(request: StreamMessage): StreamMessage | undefined {
    const answer = this.#answerStream(request);
    this.#spreader.arm();
    return answer;
  }

  /** Takes the outcome of an exchange that the core asked for. */
  handleReply(exchange: Exchange, result: ExchangeResult): void {
    if (exchange.kind === 'ping') this.#prober.streamReply(exchange.seqNo, result);
    else if (exchange.kind === 'dial') this.#judge.dialed(exchange.node, exchange.token, result);
    else if (this.#sync.reply(exchange, result) && exchange.reason === 'rejoin')
      this.#rejoiner.reached(exchange.to);
    this.#spreader.arm();
  }

  /** Takes a timer that is due. */
  handleTimer(timer: Timer): void {
    switch (timer.kind) {
      case 'probe':
        this.#prober.probeTimer(timer.track);
        break;
      case 'probe-stage':
        this.#prober.stageTimer(timer);
        break;
      case 'chase':
        this.#judge.chaseTimer(timer);
        break;
      case 'relay-nack':
        this.#responder.nackTimer(timer);
        break;
      case 'relay-end':
        this.#responder.endTimer(timer.seqNo);
        break;
      case 'suspicion':
        this.#judge.suspicionTimer(timer);
        break;
      case 'gossip':
        this.#spreader.timer();
        break;
      case 'sync':
        this.#sync.timer();
        break;
      case 'rejoin':
        this.#rejoiner.timer();
        break;
      case 'farewell':
        this.#farewell.timer();
        break;
      case 'resync':
        this.#sync.exchange(timer.to, 'sync');
        break;
    }
    this.#spreader.arm();
  }

  #handleMessage(message: PacketMessage, from: Address): void {
    switch (message.type) {
      case 'ping':
        this.#responder.ping(message, from);
        break;
      case 'indirect':
        this.#responder.indirectPing(message, from);
        break;
      case 'ack':
        if (!this.#prober.ack(message)) this.#responder.ack(message);
        break;
      case 'nack':
        this.#prober.nack(message);
        break;
      case 'alive':
        this.#membership.alive(message);
        break;
      case 'suspect':
        this.#membership.suspect(message);
        break;
      case 'dead':
        this.#membership.dead(message);
        break;
      case 'user':
        this.#handleUser(message.body, false);
        break;
    }
  }

  #handleUser(body: Uint8Array, reliable: boolean): void {
    const { counters, config, host } = this.#context;
    counters.userMessages++;
    // Serf's announcements are for this layer; the rest is for the application, Serf's own events included.
    if (config.serf && this.#announcements.hear(body)) return;
    host.notify({ kind: 'user', body, reliable });
  }

  #answerStream(message: StreamMessage): StreamMessage | undefined {
    switch (message.type) {
      case 'pushPull':
        return this.#sync.request(message);
      case 'ping':
        if (message.node !== '' && message.node !== this.self.name) return undefined;
        return { type: 'ack', seqNo: message.seqNo, payload: null };
      case 'user':
        this.#handleUser(message.body, true);
        return undefined;
      default:
        return undefined;
    }
  }
}

function checkMeta(meta: Uint8Array): void {
  if (meta.length <= MAX_META_BYTES) return;
  throw new RangeError(`meta is ${meta.length} bytes, expected at most ${MAX_META_BYTES}`);
}

function newContext(host: Host, options: GossiperOptions): Context {
  const {
    name,
    address,
    meta,
    config,
    incarnation = 0,
    packetOverhead = 0,
    repliesReachSender = false,
    directory,
    application = noApplication,
  } = options;
  const addr = bytesOfHost(address.host);
  if (!addr) throw new RangeError(`address ${address.host} is not numeric`);
  if (!(incarnation >= 0 && incarnation <= MAX_INCARNATION))
    throw new RangeError(`incarnation ${incarnation}`);
  checkMeta(meta);
  const facts = { addr, address, meta, vsn: ownVersions(config.delegateVersions) };
  const self = { name, facts, incarnation: above(incarnation, 0) };
  const nodes = new NodeTable(self, () => host.random(), host.now(), directory);
  return {
    config,
    host,
    application,
    nodes,
    queue: new BroadcastQueue(config.retransmitMult, () => nodes.active),
    awareness: new Awareness(config.awarenessMax),
    counters: newCounters(),
    ring: new RingSuccessor(nodes),
    roundTrips: new RoundTrips(config),
    repliesReachSender,
    packetOverhead,
    leaving: false,
    lamport: 0,
  };
}
