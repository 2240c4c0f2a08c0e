import { formatAddress, type GossipConfig, resolveConfig } from '../core/index.js';
import { seededRandom } from './prng.js';
import { Scheduler } from './scheduler.js';
import { SimNode } from './sim-node.js';

/** How the virtual network behaves. */
export interface WorldOptions {
  /** Same seed, same run. */
  seed: number;
  /** Least and greatest delay of a packet, ms. Default 0.2 to 2. */
  latencyMs?: readonly [least: number, most: number];
  /** Share of datagrams lost, 0 to 1. Streams don't lose. Default 0. */
  loss?: number;
  config?: Partial<GossipConfig>;
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
  /** Default 10.0.x.y, counted up. */
  host?: string;
}

/**
 * A network of nodes under virtual time: the real core, a simulated outside. Everything random comes from the
 * seed, so a run that fails can be played again exactly.
 */
export class World {
  readonly config: GossipConfig;
  readonly scheduler: Scheduler = new Scheduler();
  readonly random: () => number;
  readonly mode: 'bytes' | 'objects';
  readonly #latency: readonly [number, number];
  readonly #nodes = new Map<string, SimNode>();
  readonly #byAddress = new Map<string, SimNode>();
  readonly #cut = new Set<string>();
  #loss: number;
  #fingerprint = 0;
  /** Datagrams sent so far. */
  packets: number = 0;

  constructor(options: WorldOptions) {
    this.random = seededRandom(options.seed);
    this.#latency = options.latencyMs ?? [0.2, 2];
    this.#loss = options.loss ?? 0;
    this.config = resolveConfig('lan', options.config);
    this.mode = options.mode ?? 'bytes';
  }

  get now(): number {
    return this.scheduler.now;
  }

  /** Changes with every datagram and its time: two runs with the same value went the same way. */
  get fingerprint(): number {
    return this.#fingerprint;
  }

  /** Adds a running node. One with the name of a node before takes its place, as after a restart. */
  add(name: string, options: SimNodeOptions = {}): SimNode {
    const index = this.#nodes.size + 1;
    const before = this.#nodes.get(name)?.address.host;
    const host = options.host ?? before ?? `10.0.${index >> 8}.${index & 0xff}`;
    const node = new SimNode(this, name, { host, port: 7946 }, options);
    this.#nodes.set(name, node);
    this.#byAddress.set(formatAddress(node.address), node);
    node.core.start();
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

  /** Lets virtual time pass. */
  run(ms: number): void {
    this.scheduler.advance(ms);
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

  setLoss(loss: number): void {
    this.#loss = loss;
  }

  /** Cuts what goes from one node to the other; both ways unless `oneWay`. */
  cut(from: SimNode, to: SimNode, oneWay = false): void {
    this.#cut.add(`${from.name}>${to.name}`);
    if (!oneWay) this.#cut.add(`${to.name}>${from.name}`);
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
    this.#cut.clear();
  }

  /** The running node at an address that `from` can reach, if there is one. */
  reachable(from: SimNode, address: string): SimNode | undefined {
    const node = this.#byAddress.get(address);
    return node?.running && !this.#cut.has(`${from.name}>${node.name}`) ? node : undefined;
  }

  /** A delay for one packet, or undefined if it gets lost. */
  transmit(bytes: number): number | undefined {
    this.packets++;
    for (const value of [this.now * 1000, bytes]) {
      this.#fingerprint = (Math.imul(this.#fingerprint, 31) + Math.round(value)) | 0;
    }
    return this.random() < this.#loss ? undefined : this.latency();
  }

  latency(): number {
    const [least, most] = this.#latency;
    return least + this.random() * (most - least);
  }
}
