import { type Address, formatAddress } from '../address.js';
import type { Context } from '../context.js';
import { isActive, type NodeRecord } from '../nodes/node-record.js';
import { pickSome } from '../random.js';
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
    for (const list of [this.#missingSeeds(), this.#lostPeers()]) this.#tryOne(list);
    this.start();
  }

  /** After reaching a lost peer: exchange again once both sides could refute what they believed of each other. */
  reached(to: Address): void {
    const { host, config } = this.#context;
    host.schedule(RESYNC_ROUNDS * config.gossipIntervalMs, { kind: 'resync', to });
  }

  #tryOne(candidates: readonly Address[]): void {
    const { host, nodes, counters } = this.#context;
    const share = (ATTEMPTS_PER_INTERVAL * candidates.length) / nodes.active;
    const [to] = pickSome(
      () => host.random(),
      candidates,
      1,
      () => true,
    );
    if (!to || host.random() >= share) return;
    counters.rejoins++;
    this.#sync.exchange(to, 'rejoin');
  }

  #missingSeeds(): Address[] {
    return this.#seeds.filter(this.#absent());
  }

  #lostPeers(): Address[] {
    const { nodes } = this.#context;
    const lost = (node: NodeRecord): boolean => node.status === 'dead';
    const addresses = [...nodes.all, ...nodes.tombstones].filter(lost).map((node) => node.address);
    return addresses.filter(this.#absent());
  }

  /** Tells of an address whether no active node has it: a lost peer may be back under another name. */
  #absent(): (address: Address) => boolean {
    const active = this.#context.nodes.all.filter(isActive);
    const present = new Set(active.map((node) => formatAddress(node.address)));
    return (address) => !present.has(formatAddress(address));
  }
}
