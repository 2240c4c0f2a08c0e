import {
  type Address,
  Directory,
  encodePacket,
  type GossipConfig,
  type GossipEvent,
  Gossiper,
  type Packet,
  packetLength,
  resolveConfig,
} from '../core/index.js';
import { GOOD_LINK, type LinkQuality, Network } from './network.js';
import type { Place } from './place.js';
import { seededRandom } from './prng.js';
import { Scheduler, type Task } from './scheduler.js';
import { SimNode } from './sim-node.js';

/** How the virtual network behaves, and what is kept of the run. */
export interface WorldOptions extends Partial<LinkQuality> {
  /** Same seed, same run. */
  seed: number;
  config?: Partial<GossipConfig>;
  /** Greatest relative error of a node's clock: 0.01 lets each run up to 1 % fast or slow. Default 0. */
  clockDrift?: number;
  /** Keep all events of all nodes in `SimNode.events`. Default true; large worlds use watchers instead. */
  record?: boolean;
  /**
   * Whether packets and streams go through their encoding, or are passed as objects, which is faster and leaves out
   * compression. Default `bytes`.
   */
  mode?: 'bytes' | 'objects';
}

/** What a new node of the world may have of its own. */
export interface SimNodeOptions {
  meta?: Uint8Array;
  incarnation?: number;
  /** Default 10.x.y.z, counted up. */
  host?: string;
  /** Default 7946. */
  port?: number;
  /** Where it stands; links between sites can differ (`network.setLink`). Default 'main'. */
  site?: string;
  /** Speed of its clock; default by the world's `clockDrift`. */
  clockRate?: number;
}

/** What happened to a simulated process: `pause` is SIGSTOP, `slow` an overloaded host. */
export type ProcessChange = 'start' | 'leave' | 'stop' | 'pause' | 'resume' | 'slow' | 'quick';

/** Somebody who sees all that happens in a world, without being seen. */
export interface Watcher {
  /** A node told its host something. */
  heard?(node: SimNode, event: GossipEvent): void;
  /** Something was done to a node. */
  changed?(node: SimNode, change: ProcessChange): void;
}

/**
 * A network of nodes under virtual time: the real core, a simulated outside. Everything random comes from the
 * seed, so a run that fails can be played again exactly.
 */
export class World {
  readonly config: GossipConfig;
  /** Names and facts of all nodes, kept once. */
  readonly directory: Directory = new Directory();
  readonly scheduler: Scheduler = new Scheduler();
  readonly random: () => number;
  readonly network: Network;
  readonly records: boolean;
  readonly mode: 'bytes' | 'objects';
  readonly #clockDrift: number;
  readonly #nodes = new Map<string, SimNode>();
  readonly #places = new Map<string, Map<number, Place>>();
  readonly #watchers: Watcher[] = [];
  #fingerprint = 0;
  /** Datagrams sent so far. */
  packets: number = 0;
  /** Bytes of their payloads, before label and encryption. */
  bytes: number = 0;

  constructor(options: WorldOptions) {
    const { seed, config, clockDrift = 0, record = true, mode = 'bytes', ...quality } = options;
    this.random = seededRandom(seed);
    this.network = new Network(this.random, { ...GOOD_LINK, ...quality });
    this.records = record;
    this.mode = mode;
    this.#clockDrift = clockDrift;
    this.config = resolveConfig('lan', config);
  }

  get now(): number {
    return this.scheduler.now;
  }

  /** Changes with every datagram and its time: two runs with the same value went the same way. */
  get fingerprint(): number {
    return this.#fingerprint;
  }

  /** The newest process of each name, stopped ones included. */
  get nodes(): Iterable<SimNode> {
    return this.#nodes.values();
  }

  /** How many names there are. */
  get size(): number {
    return this.#nodes.size;
  }

  /** The newest process of a name. */
  node(name: string): SimNode | undefined {
    return this.#nodes.get(name);
  }

  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /** Adds a running node. One with the name of a node before takes its place, as after a restart. */
  add(name: string, options: SimNodeOptions = {}): SimNode {
    const node = this.#make(name, options);
    node.core.start();
    return node;
  }

  #make(name: string, options: SimNodeOptions): SimNode {
    this.#nodes.get(name)?.stop();
    const place = this.#placeFor(name, options);
    const drift = this.#clockDrift === 0 ? 0 : (2 * this.random() - 1) * this.#clockDrift;
    const node = new SimNode(this, place, { clockRate: 1 + drift, ...options });
    place.process = node;
    place.up = true;
    this.#nodes.set(name, node);
    this.tell(node, 'start');
    return node;
  }

  /** Adds `count` nodes n1, n2, ... that join through the first, and runs until all know each other. */
  cluster(count: number): SimNode[] {
    const nodes = Array.from({ length: count }, (_, i) => this.add(`n${i + 1}`));
    const [first, ...others] = nodes;
    for (const node of others) if (first) node.core.join(first.address);
    this.until(() => nodes.every((node) => node.names('alive').length === count), 120_000);
    return nodes;
  }

  /** Adds `count` nodes n1, n2, ... that know each other from the first, as if they had been together for long. */
  settled(count: number): SimNode[] {
    const nodes = Array.from({ length: count }, (_, i) => this.#make(`n${i + 1}`, {}));
    Gossiper.acquaint(nodes.map((node) => node.core));
    // Only now, because the times between a node's exchanges depend on how many nodes it knows.
    for (const node of nodes) node.core.start();
    return nodes;
  }

  /** Lets virtual time pass. */
  run(ms: number): void {
    this.scheduler.advance(ms);
  }

  /** Does something when `ms` of virtual time have passed. */
  after(ms: number, run: () => void): void {
    this.scheduler.schedule(ms, { run });
  }

  /** Runs until `done`, in steps of 10 ms; returns the time that it took, or throws after `limitMs`. */
  until(done: () => boolean, limitMs: number): number {
    const start = this.now;
    while (!done()) {
      if (this.now - start > limitMs) throw new Error(`not reached within ${limitMs} ms of virtual time`);
      this.run(10);
    }
    return this.now - start;
  }

  /** Share of datagrams lost on links without a quality of their own. */
  setLoss(loss: number): void {
    this.network.setNormal({ loss });
  }

  /** Cuts what goes from one node to the other; both ways unless `oneWay`. */
  cut(from: SimNode, to: SimNode, oneWay = false): void {
    this.network.cut(from.place, to.place);
    if (!oneWay) this.network.cut(to.place, from.place);
  }

  /** Cuts all links between the groups. */
  partition(...groups: readonly SimNode[][]): void {
    for (const group of groups) {
      for (const other of groups.filter((g) => g !== group)) {
        for (const a of group) for (const b of other) this.cut(a, b, true);
      }
    }
  }

  /** Mends all links. */
  heal(): void {
    this.network.heal();
  }

  /** The place with an address; one where nothing is if there is none. */
  placeAt(address: Address): Place {
    return this.#places.get(address.host)?.get(address.port) ?? nowhere(address);
  }

  /** Sends a datagram on its way. */
  transmit(from: SimNode, packet: Packet, to: Address): void {
    const target = this.placeAt(to);
    const load = this.mode === 'bytes' ? encodePacket(packet, this.config.compress) : packet;
    this.#count(from.place.id, target.id, load instanceof Uint8Array ? load.length : packetLength(load));
    const delay = this.network.datagramDelay(from.place, target);
    if (delay === undefined) return;
    this.scheduler.schedule(delay, new Datagram(load, from.address, target));
    if (!this.network.duplicates(from.place, target)) return;
    const again = this.network.datagramDelay(from.place, target);
    if (again !== undefined) this.scheduler.schedule(again, new Datagram(load, from.address, target));
  }

  /** Tells the watchers that something was done to a node. */
  tell(node: SimNode, change: ProcessChange): void {
    for (const watcher of this.#watchers) watcher.changed?.(node, change);
  }

  /** Tells the watchers what a node told its host. */
  heard(node: SimNode, event: GossipEvent): void {
    for (const watcher of this.#watchers) watcher.heard?.(node, event);
  }

  #count(from: number, to: number, size: number): void {
    this.packets++;
    this.bytes += size;
    let mixed = this.#fingerprint;
    mixed = (Math.imul(mixed, 31) + this.now * 1000) | 0;
    mixed = (Math.imul(mixed, 31) + from * 65_537 + to) | 0;
    this.#fingerprint = (Math.imul(mixed, 31) + size) | 0;
  }

  #placeFor(name: string, options: SimNodeOptions): Place {
    const before = this.#nodes.get(name)?.place;
    const id = before?.id ?? this.#nodes.size;
    const host = options.host ?? before?.address.host ?? hostOf(id + 1);
    const port = options.port ?? before?.address.port ?? 7946;
    if (before?.address.host === host && before.address.port === port) return before;
    const site = this.network.siteNumber(options.site ?? 'main');
    const place: Place = { id, name, address: { host, port }, site, process: undefined, up: true };
    const ports = this.#places.get(host) ?? new Map<number, Place>();
    this.#places.set(host, ports.set(port, place));
    return place;
  }
}

const hostOf = (number: number): string => `10.${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}`;

const nowhere = (address: Address): Place => ({
  id: -1,
  name: '',
  address,
  site: 0,
  process: undefined,
  up: false,
});

/** A datagram on its way: first until it arrives at the socket, then until the process gets to read it. */
class Datagram implements Task {
  readonly #load: Uint8Array | Packet;
  readonly #from: Address;
  readonly #to: Place;
  #arrived = false;

  constructor(load: Uint8Array | Packet, from: Address, to: Place) {
    this.#load = load;
    this.#from = from;
    this.#to = to;
  }

  run(): void {
    const { process } = this.#to;
    if (!process?.running) return;
    if (this.#arrived) this.#read(process);
    else {
      this.#arrived = true;
      process.takePacket(this);
    }
  }

  #read(process: SimNode): void {
    const load = this.#load;
    if (load instanceof Uint8Array) process.core.handlePacket(load, this.#from);
    else {
      const messages = load.parts.map((part) => part.message);
      process.core.handleMessages(messages, this.#from);
    }
  }
}
