import { EventEmitter } from 'node:events';
import {
  type Address,
  formatAddress,
  type GossipEvent,
  Gossiper,
  type MemberChange,
  type NodeStatus,
  sameBytes,
  type Tags,
  WireError,
} from '../core/index.js';
import { Envelope } from './envelope.js';
import { GossipError, messageOf } from './gossip-error.js';
import { Keyring } from './keyring.js';
import { type GossipLogger, RateLimitedLog, silentLogger } from './log.js';
import { type Member, memberOf } from './member.js';
import { checkOptions, type GossipOptions, metaOf } from './options.js';
import { reachableHost, resolveAddress } from './resolve.js';
import { type JoinResult, joinAll, Seeds } from './seeds.js';
import { SocketHost } from './socket-host.js';
import { openSockets, type Sockets } from './sockets.js';
import type { GossipStats } from './stats.js';
import { StreamClient } from './stream-client.js';
import { newTraffic, type Traffic } from './traffic.js';

/** Something that happened to a member, with the member as it was right after. */
export interface MemberEvent {
  readonly type: MemberChange;
  readonly member: Member;
  /** Name of the node whose word this is. */
  readonly from: string;
}

/** Events of `Gossip` and their arguments. */
export interface GossipEvents {
  change: [event: MemberEvent];
  /** A message of an application; the same one can arrive several times. */
  user: [body: Uint8Array];
}

/** Names among the seeds are resolved again this often, ms. */
const RESOLVE_MS = 60_000;

/** Most addresses that `peers` gives. */
const MAX_PEERS = 64;

/** One member of a cluster, on real sockets. Make it with `Gossip.start`, end it with `stop`. */
export class Gossip {
  /** Keys can be installed, used and removed while running. */
  readonly keyring: Keyring;
  readonly #logger: GossipLogger;
  readonly #log: RateLimitedLog;
  readonly #traffic: Traffic;
  readonly #sockets: Sockets;
  readonly #client: StreamClient;
  readonly #host: SocketHost;
  readonly #core: Gossiper;
  readonly #seeds: Seeds;
  readonly #events = new EventEmitter();
  readonly #joins = new Map<number, (error: string | undefined) => void>();
  readonly #leaveTold: Promise<void>;
  #resolveLeaveTold: () => void = () => undefined;
  #resolveTimer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(parts: Parts, options: GossipOptions, advertise: Address) {
    const { config, meta, envelope, traffic, sockets } = parts;
    this.keyring = parts.keyring;
    this.#logger = options.logger ?? silentLogger;
    this.#log = parts.log;
    this.#traffic = traffic;
    this.#sockets = sockets;
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
      repliesReachSender: advertise.host === options.bind.host && advertise.port === sockets.port,
    });
    this.#seeds = new Seeds(advertise.port);
    this.#leaveTold = new Promise((resolve) => {
      this.#resolveLeaveTold = resolve;
    });
    this.#events.setMaxListeners(0);
  }

  /**
   * Opens the sockets and becomes a cluster of one.
   * Throws GossipError: INVALID_OPTION, TAGS_TOO_LARGE, BAD_ADDRESS, ADDRESS_IN_USE, ADDRESS_UNAVAILABLE, BIND_FAILED.
   */
  static async start(options: GossipOptions): Promise<Gossip> {
    const checked = checkOptions(options);
    const keyring = new Keyring(options.keys ?? []);
    const envelope = new Envelope(checked.label, keyring);
    const traffic = newTraffic();
    const log = new RateLimitedLog(options.logger ?? silentLogger, () => performance.now());
    let gossip: Gossip | undefined;
    const streams = {
      envelope,
      traffic,
      timeoutMs: checked.config.streamTimeoutMs,
      answer: (message: Uint8Array) => (gossip ? gossip.#core.handleStream(message) : undefined),
      refused: (reason: string) => log.warn('stream refused', reason),
    };
    const sockets = await openSockets(options.bind, streams, traffic, (datagram, from) =>
      gossip ? gossip.#received(envelope, datagram, from) : undefined,
    );
    const advertise = await advertisedAddress(options, sockets).catch(async (error: unknown) => {
      await closeSockets(sockets);
      throw error;
    });
    gossip = new Gossip({ ...checked, keyring, envelope, traffic, log, sockets }, options, advertise);
    gossip.#core.start();
    gossip.#logger.info({ member: options.name, address: formatAddress(advertise) }, 'gossip started');
    return gossip;
  }

  /** This node as others see it. */
  get self(): Member {
    return memberOf(this.#core.self, epochOffset(), this.#core.self);
  }

  /** The port that is listened on, for when 0 was asked for. */
  get port(): number {
    return this.#sockets.port;
  }

  /**
   * Joins a cluster through any of its nodes (host or host:port). The addresses stay seeds: while no member has
   * them, they are tried again for ever. Throws GossipError JOIN_FAILED if none could be reached.
   */
  async join(places: readonly string[]): Promise<JoinResult> {
    this.#checkRunning();
    const own = formatAddress(this.#core.self.address);
    const result = await joinAll(places, async (place) => {
      const address = await this.#seeds.add(place);
      this.#checkRunning();
      if (formatAddress(address) !== own) await this.#joinOne(address);
    });
    await this.#refreshSeeds();
    if (result.joined === 0 && places.length > 0) {
      const reasons = result.errors.map((error) => error.message).join('; ');
      throw new GossipError('JOIN_FAILED', `no node could be joined: ${reasons}`, 'it goes on being tried');
    }
    return result;
  }

  /** All nodes known, this one included; failed and departed ones stay listed for a day. */
  members(): Member[] {
    const offset = epochOffset();
    return this.#core.members().map((node) => memberOf(node, offset, this.#core.self));
  }

  /** Addresses worth keeping for a rejoin after a restart: active members first, then those that failed. */
  peers(): string[] {
    const rank: Record<NodeStatus, number> = { alive: 0, suspect: 1, dead: 2, left: 3 };
    const others = this.#core
      .members()
      .filter((node) => node.name !== this.#core.self.name && node.status !== 'left');
    const ordered = others.sort((a, b) => rank[a.status] - rank[b.status] || b.changedAt - a.changedAt);
    return ordered.slice(0, MAX_PEERS).map((node) => formatAddress(node.address));
  }

  on<E extends keyof GossipEvents>(event: E, listener: (...args: GossipEvents[E]) => void): this {
    this.#events.on(event, listener);
    return this;
  }

  off<E extends keyof GossipEvents>(event: E, listener: (...args: GossipEvents[E]) => void): this {
    this.#events.off(event, listener);
    return this;
  }

  /** Replaces this node's tags; nothing is sent if they are the same. Throws GossipError TAGS_TOO_LARGE. */
  setTags(tags: Tags): void {
    this.#checkRunning();
    const meta = metaOf(tags);
    if (!sameBytes(meta, this.#core.self.meta)) this.#core.setMeta(meta);
  }

  /** Spreads a message to all nodes, best effort; receivers may see it several times. */
  broadcast(body: Uint8Array): void {
    this.#checkRunning();
    this.#core.broadcast(body);
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

  /** Says goodbye, so that others see `left` and not `dead`; returns once told or after `timeoutMs` (default 5000). */
  async leave(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#checkRunning();
    this.#core.leave();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, options.timeoutMs ?? 5000);
    });
    await Promise.race([this.#leaveTold, timeout]);
    clearTimeout(timer);
  }

  /** Closes everything; without `leave` before, to the others this node has crashed. Can be called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#resolveTimer);
    this.#host.stop();
    this.#client.close();
    for (const resolve of this.#joins.values()) resolve('gossip was stopped');
    this.#resolveLeaveTold();
    await closeSockets(this.#sockets);
    this.#logger.debug({ name: this.#core.self.name }, 'gossip stopped');
  }

  #received(envelope: Envelope, datagram: Uint8Array, from: Address): void {
    if (this.#stopping) return;
    let plain: Uint8Array;
    try {
      plain = envelope.unwrapPacket(datagram);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#traffic.packetsRefused++;
      this.#log.warn('packet refused', `${formatAddress(from)}: ${error.message}`);
      return;
    }
    this.#core.handlePacket(plain, from);
  }

  #joinOne(address: Address): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#joins.set(this.#core.join(address), (error) => {
        if (error === undefined) resolve();
        else reject(new GossipError('JOIN_FAILED', error));
      });
    });
  }

  async #refreshSeeds(): Promise<void> {
    const addresses = await this.#seeds.resolve();
    if (this.#stopping) return;
    this.#core.setSeeds(addresses);
    if (!this.#seeds.hasNames || this.#resolveTimer) return;
    this.#resolveTimer = setInterval(() => {
      this.#refreshSeeds().catch((error: unknown) => this.#log.warn('seeds not resolved', messageOf(error)));
    }, RESOLVE_MS);
  }

  #notified(event: GossipEvent): void {
    switch (event.kind) {
      case 'member': {
        const member = memberOf(event.node, epochOffset(), this.#core.self);
        this.#logger.debug({ change: event.change, member: member.name, from: event.from }, 'gossip member');
        this.#emit('change', { type: event.change, member, from: event.from });
        break;
      }
      case 'user':
        this.#emit('user', event.body);
        break;
      case 'synced':
        this.#joins.get(event.id)?.(event.error);
        this.#joins.delete(event.id);
        break;
      case 'left':
        this.#resolveLeaveTold();
        break;
      case 'warning':
        this.#log.warn(event.warning, event.detail);
        break;
    }
  }

  /** After the core is done with what it is doing, so that listeners may call back; what they throw is logged. */
  #emit<E extends keyof GossipEvents>(event: E, ...args: GossipEvents[E]): void {
    if (this.#events.listenerCount(event) === 0) return;
    queueMicrotask(() => {
      for (const listener of this.#events.listeners(event)) {
        try {
          (listener as (...args: GossipEvents[E]) => void)(...args);
        } catch (error) {
          this.#logger.error({ err: error, event }, 'gossip listener failed');
        }
      }
    });
  }

  #checkRunning(): void {
    if (this.#stopping) throw new GossipError('STOPPED', 'this member was stopped', 'start a new one');
  }
}

interface Parts extends ReturnType<typeof checkOptions> {
  keyring: Keyring;
  envelope: Envelope;
  traffic: Traffic;
  log: RateLimitedLog;
  sockets: Sockets;
}

/** The core counts ms since the process started; this much more makes it ms since 1970. */
const epochOffset = (): number => Date.now() - performance.now();

async function advertisedAddress(options: GossipOptions, sockets: Sockets): Promise<Address> {
  const host = options.advertise?.host ?? reachableHost(options.bind.host);
  return resolveAddress({ host, port: options.advertise?.port ?? sockets.port });
}

async function closeSockets(sockets: Sockets): Promise<void> {
  await Promise.all([sockets.udp.close(), sockets.server.close()]);
}
