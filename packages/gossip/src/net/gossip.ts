import {
  type Address,
  formatAddress,
  type GossipEvent,
  Gossiper,
  type NodeStatus,
  sameBytes,
  type Tags,
  WireError,
} from '../core/index.js';
import { advertisedAddress, type HostRefusal, hostRefusal } from './advertise.js';
import { Callbacks } from './callbacks.js';
import { type CheckedOptions, checkOptions, checkPlaintext } from './check-options.js';
import { doneWithin } from './deadline.js';
import { Envelope, type PlaintextPolicy } from './envelope.js';
import { type GossipEvents, Listeners } from './events.js';
import { GossipError } from './gossip-error.js';
import { Joiner } from './joiner.js';
import { Keyring } from './keyring.js';
import { type GossipLogger, RateLimitedLog, silentLogger } from './log.js';
import { claimedMemberOf, type Member, memberOf } from './member.js';
import { Messenger, type SendOptions } from './messenger.js';
import { type GossipOptions, metaOf } from './options.js';
import { systemResolver } from './resolve.js';
import type { JoinResult } from './seeds.js';
import { Signal } from './signal.js';
import { SocketHost } from './socket-host.js';
import { openSockets, type Sockets } from './sockets.js';
import type { GossipStats } from './stats.js';
import { StreamClient } from './stream-client.js';
import { newTraffic, type Traffic } from './traffic.js';

/** How long `leave` and `tagsTold` wait unless told otherwise, ms. */
const TOLD_WITHIN_MS = 5000;

/** Most addresses that `peers` gives. */
const MAX_PEERS = 64;

/** One member of a cluster, on real sockets. Make it with `Gossip.start`, end it with `stop`. */
export class Gossip {
  /** Keys can be installed, used and removed while running. */
  readonly keyring: Keyring;
  readonly #logger: GossipLogger;
  readonly #log: RateLimitedLog;
  readonly #traffic: Traffic;
  readonly #envelope: Envelope;
  readonly #sockets: Sockets;
  readonly #client: StreamClient;
  readonly #host: SocketHost;
  readonly #core: Gossiper;
  readonly #joiner: Joiner;
  readonly #messenger: Messenger;
  readonly #listeners: Listeners;
  #leaveTold = new Signal();
  #tagsTold: Signal | undefined;
  #left = false;
  #stopping: Promise<void> | undefined;

  private constructor(parts: Parts, options: GossipOptions, advertise: Address) {
    const { config, meta, envelope, traffic, sockets, listeners } = parts;
    this.keyring = parts.keyring;
    this.#logger = parts.logger;
    this.#log = parts.log;
    this.#traffic = traffic;
    this.#envelope = envelope;
    this.#sockets = sockets;
    this.#listeners = listeners;
    this.#client = new StreamClient(envelope, traffic);
    this.#host = new SocketHost(sockets.udp, this.#client, envelope, config.compress, {
      timer: (timer) => this.#core.handleTimer(timer),
      reply: (exchange, result) => this.#core.handleReply(exchange, result),
      notify: (event) => this.#notified(event),
    });
    this.#core = new Gossiper(this.#host, {
      name: options.name,
      address: advertise,
      meta,
      config,
      incarnation: options.incarnation ?? 0,
      packetOverhead: envelope.packetOverhead,
      repliesReachSender: advertise.host === parts.bind.host && advertise.port === sockets.port,
      application: new Callbacks(options, parts.refusesHost, parts.log),
    });
    this.#joiner = new Joiner({
      self: advertise,
      defaultPort: advertise.port,
      bound: parts.bind.host,
      resolve: options.resolve ?? systemResolver,
      resolveIntervalMs: config.resolveIntervalMs,
      begin: (address) => this.#core.join(address),
      found: (addresses) => this.#core.setSeeds(addresses),
      failed: (reason) => this.#log.warn('seeds not resolved', reason),
    });
    this.#messenger = new Messenger({
      core: this.#core,
      client: this.#client,
      compress: config.compress,
      timeoutMs: config.streamTimeoutMs,
    });
  }

  /**
   * Opens the sockets and becomes a cluster of one.
   * Throws GossipError: INVALID_OPTION, TAGS_TOO_LARGE, BAD_ADDRESS, ADDRESS_IN_USE, ADDRESS_UNAVAILABLE, BIND_FAILED.
   */
  static async start(options: GossipOptions): Promise<Gossip> {
    const checked = checkOptions(options);
    const logger = options.logger ?? silentLogger;
    const listeners = new Listeners(logger);
    const keyring = new Keyring(options.keys ?? [], (keys) => listeners.emit('keyring', () => [keys]));
    const envelope = new Envelope(checked.label, keyring, options.plaintext);
    const traffic = newTraffic();
    const log = new RateLimitedLog(logger, () => performance.now());
    let gossip: Gossip | undefined;
    const streams = {
      envelope,
      traffic,
      timeoutMs: checked.config.streamTimeoutMs,
      answer: (message: Uint8Array) => (gossip ? gossip.#core.handleStream(message) : undefined),
      refused: (reason: string) => log.warn('stream refused', reason),
    };
    const sockets = await openSockets(checked.bind, streams, traffic, (datagram, from) =>
      gossip ? gossip.#received(datagram, from) : undefined,
    );
    const parts = { ...checked, keyring, envelope, traffic, logger, log, listeners, sockets };
    const refusesHost = hostRefusal(checked);
    try {
      const advertise = await advertisedAddress(options, sockets, refusesHost);
      gossip = new Gossip({ ...parts, refusesHost }, options, advertise);
    } catch (error) {
      await closeSockets(sockets);
      throw error;
    }
    gossip.#core.start();
    logger.info(
      { member: options.name, address: formatAddress(gossip.#core.self.address) },
      'gossip started',
    );
    return gossip;
  }

  /** This node as others see it. */
  get self(): Member {
    return this.#memberOf(this.#core.self);
  }

  /** The port that is listened on, for when 0 was asked for. */
  get port(): number {
    return this.#sockets.port;
  }

  /** Most bytes of a message for `broadcast`, and for `send` unless it is reliable: 1400 less what goes around it. */
  get maxMessageBytes(): number {
    return this.#core.maxMessageBytes;
  }

  /**
   * Joins a cluster through any of its nodes: host, host:port or name/host:port; of a name all addresses. The places
   * stay seeds: while no member has their addresses, they are tried again for ever. Throws GossipError BAD_ADDRESS if
   * one of them is no address at all: then nothing is tried and none is kept; or JOIN_FAILED if none could be reached.
   */
  async join(places: readonly string[]): Promise<JoinResult> {
    this.#checkMember();
    return this.#joiner.join(places);
  }

  /** All nodes known, this one included; failed and departed ones stay listed for a day. */
  members(): Member[] {
    return this.#core.members().map((node) => this.#memberOf(node));
  }

  /** One of `members()` by its name; undefined: there is none. */
  member(name: string): Member | undefined {
    const node = this.#core.member(name);
    return node === undefined ? undefined : this.#memberOf(node);
  }

  /** Addresses worth keeping for a rejoin after a restart: active members first, then those that failed. */
  peers(): string[] {
    const rank: Record<NodeStatus, number> = { alive: 0, suspect: 1, dead: 2, left: 3 };
    const { name } = this.#core.self;
    const others = this.#core.members().filter((node) => node.name !== name && node.status !== 'left');
    const ordered = others.sort((a, b) => rank[a.status] - rank[b.status] || b.changedAt - a.changedAt);
    return ordered.slice(0, MAX_PEERS).map((node) => formatAddress(node.address));
  }

  /**
   * Calls `listener` at each such event from now on, after the state has changed; it may call back. Throws GossipError
   * INVALID_OPTION for an unknown event.
   */
  on<E extends keyof GossipEvents>(event: E, listener: (...args: GossipEvents[E]) => void): this {
    this.#listeners.add(event, listener);
    return this;
  }

  /** Ends what `on` began. Throws as `on` does. */
  off<E extends keyof GossipEvents>(event: E, listener: (...args: GossipEvents[E]) => void): this {
    this.#listeners.remove(event, listener);
    return this;
  }

  /** Replaces this node's tags; nothing is sent if they are the same. Throws GossipError TAGS_TOO_LARGE, INVALID_OPTION. */
  setTags(tags: Tags): void {
    this.#checkMember();
    const meta = metaOf(tags);
    if (sameBytes(meta, this.#core.self.meta)) return;
    this.#tagsTold ??= new Signal();
    this.#core.setMeta(meta);
  }

  /**
   * Waits until the last change of tags was passed on as often as any update is, after which practically all know it.
   * False if that takes longer than `timeoutMs` (default 5000); it goes on all the same.
   */
  async tagsTold(options: { timeoutMs?: number } = {}): Promise<boolean> {
    const told = this.#tagsTold;
    return told === undefined || doneWithin(told.promise, options.timeoutMs ?? TOLD_WITHIN_MS);
  }

  /**
   * Sends a message of at most `maxMessageBytes` to random nodes, as often as an update: all of a few nodes hear it, some
   * several times. In larger clusters who hears it first has to broadcast it again. Throws GossipError INVALID_OPTION for what
   * isn't a Uint8Array, or MESSAGE_TOO_LARGE.
   */
  broadcast(body: Uint8Array): void {
    this.#checkRunning();
    this.#messenger.broadcast(body);
  }

  /**
   * Sends a message to one node: a member's name, or any numeric address. Best effort, done once it is on its way;
   * or `reliable`, done once the receiver has taken it in. Throws GossipError INVALID_OPTION for what isn't a
   * Uint8Array, UNKNOWN_MEMBER, BAD_ADDRESS, MESSAGE_TOO_LARGE or, for a reliable one, SEND_FAILED.
   */
  async send(to: string | Address, body: Uint8Array, options: SendOptions = {}): Promise<void> {
    this.#checkRunning();
    await this.#messenger.send(to, body, options);
  }

  /** What this node does with plaintext when it has keys. Takes effect at once. Throws GossipError INVALID_OPTION. */
  setPlaintext(policy: PlaintextPolicy): void {
    this.#checkRunning();
    checkPlaintext(policy);
    this.#envelope.plaintext = policy;
  }

  /** Totals and state for metrics. */
  stats(): GossipStats {
    const members = { alive: 0, suspect: 0, dead: 0, left: 0 };
    for (const node of this.#core.members()) members[node.status]++;
    return {
      traffic: { ...this.#traffic },
      protocol: { ...this.#core.counters },
      healthScore: this.#core.healthScore,
      queued: this.#core.queued,
      members,
    };
  }

  /**
   * Says goodbye, so that others see `left` and not `dead`; returns once told or after `timeoutMs` (default 5000),
   * and goes on telling until `stop`. To come back, start a new member.
   */
  async leave(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#checkRunning();
    this.#left = true;
    this.#core.leave();
    await doneWithin(this.#leaveTold.promise, options.timeoutMs ?? TOLD_WITHIN_MS);
  }

  /** Closes everything; without `leave` before, to the others this node has crashed. Can be called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#host.stop();
    this.#client.close();
    this.#joiner.stop();
    this.#leaveTold.give();
    this.#tagsTold?.give();
    await closeSockets(this.#sockets);
    this.#logger.debug({ name: this.#core.self.name }, 'gossip stopped');
  }

  #received(datagram: Uint8Array, from: Address): void {
    if (this.#stopping) return;
    let plain: Uint8Array;
    try {
      plain = this.#envelope.unwrapPacket(datagram);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#traffic.packetsRefused++;
      this.#log.warn('packet refused', `${formatAddress(from)}: ${error.message}`);
      return;
    }
    this.#core.handlePacket(plain, from);
  }

  #notified(event: GossipEvent): void {
    switch (event.kind) {
      case 'member': {
        const { change: type, from, node } = event;
        this.#logger.debug({ change: type, member: node.name, from }, 'gossip member');
        this.#listeners.emit('change', () => [{ type, member: this.#memberOf(node), from }]);
        break;
      }
      case 'user':
        this.#listeners.emit('message', () => [{ body: event.body, reliable: event.reliable }]);
        break;
      case 'remote-state':
        this.#listeners.emit('remoteState', () => [{ state: event.state, join: event.join }]);
        break;
      case 'conflict': {
        const { existing, claim } = event;
        const claimed = claimedMemberOf(claim);
        this.#listeners.emit('conflict', () => [{ existing: this.#memberOf(existing), claimed }]);
        break;
      }
      case 'round-trip': {
        const { node, milliseconds, payload } = event;
        this.#listeners.emit('roundTrip', () => [{ member: this.#memberOf(node), milliseconds, payload }]);
        break;
      }
      case 'synced':
        this.#joiner.ended(event.id, event.error);
        break;
      case 'self-told':
        this.#tagsTold?.give();
        this.#tagsTold = undefined;
        break;
      case 'left':
        this.#leaveTold.give();
        break;
      case 'warning':
        this.#log.warn(event.warning, event.detail);
        break;
    }
  }

  #memberOf(node: Gossiper['self']): Member {
    // The core counts ms since the process started; this much more makes it ms since 1970.
    const epochOffset = Date.now() - performance.now();
    return memberOf(node, epochOffset, this.#core.self.name);
  }

  #checkRunning(): void {
    if (this.#stopping) throw new GossipError('STOPPED', 'this member was stopped', 'start a new one');
  }

  #checkMember(): void {
    this.#checkRunning();
    if (this.#left) throw new GossipError('STOPPED', 'this member has left', 'start a new one');
  }
}

interface Parts extends CheckedOptions {
  keyring: Keyring;
  envelope: Envelope;
  traffic: Traffic;
  logger: GossipLogger;
  log: RateLimitedLog;
  listeners: Listeners;
  sockets: Sockets;
  refusesHost: HostRefusal;
}

async function closeSockets(sockets: Sockets): Promise<void> {
  await Promise.all([sockets.udp.close(), sockets.server.close()]);
}
