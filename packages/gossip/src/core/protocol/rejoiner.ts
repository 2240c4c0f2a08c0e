import { type Address, formatAddress } from '../address.js';
import type { Context } from '../context.js';
import { isActive } from '../nodes/node-record.js';
import { randomBelow } from '../random.js';
import type { Synchronizer } from './synchronizer.js';

/** Attempts per interval that the whole cluster makes for each lost peer, on average. */
const ATTEMPTS_PER_INTERVAL = 3;

/** Gossip rounds that both sides get for refuting before the second exchange. */
const RESYNC_ROUNDS = 5;

/**
 * Reaches out to seeds and to nodes lost by a failure, so that the halves of a healed partition find each other
 * again; memberlist alone forgets them for good.
 */
export class Rejoiner {
  readonly #context: Context;
  readonly #sync: Synchronizer;
  #seeds: readonly Address[] = [];

  constructor(context: Context, sync: Synchronizer) {
    this.#context = context;
    this.#sync = sync;
  }

  start(): void {
    const { host, config } = this.#context;
    host.schedule((0.5 + host.random() / 2) * config.rejoinIntervalMs, { kind: 'rejoin' });
  }

  /** Addresses to try for ever while no active node has them. */
  setSeeds(seeds: readonly Address[]): void {
    this.#seeds = seeds;
  }

  timer(): void {
    if (this.#context.leaving) return;
    const { nodes } = this.#context;
    const lost = [...nodes.gone, ...nodes.tombstones].filter((node) => node.status === 'dead');
    this.#tryOne(this.#seeds);
    this.#tryOne(lost.map((node) => node.address));
    this.start();
  }

  /** After reaching a lost peer: exchange again once both sides could refute what they believed of each other. */
  reached(to: Address): void {
    const { host, config } = this.#context;
    host.schedule(RESYNC_ROUNDS * config.gossipIntervalMs, { kind: 'resync', to });
  }

  /** Maybe exchanges with one of the addresses that no active node has. */
  #tryOne(candidates: readonly Address[]): void {
    const { host, counters } = this.#context;
    const dice = host.random();
    // In a large cluster a single node's turn comes so seldom that the look at all nodes costs nothing.
    if (dice >= this.#share(candidates.length)) return;
    const absent = this.#absent(candidates);
    const to = absent[randomBelow(() => host.random(), absent.length)];
    if (!to || dice >= this.#share(absent.length)) return;
    counters.rejoins++;
    this.#sync.exchange(to, 'rejoin');
  }

  /** This node's share in the attempts of one interval. */
  #share(candidates: number): number {
    return (ATTEMPTS_PER_INTERVAL * candidates) / this.#context.nodes.active;
  }

  /** Those that no active node has: a lost peer may be back under another name. */
  #absent(addresses: readonly Address[]): Address[] {
    const active = this.#context.nodes.all.filter(isActive);
    const present = new Set(active.map((node) => formatAddress(node.address)));
    return addresses.filter((address) => !present.has(formatAddress(address)));
  }
}
