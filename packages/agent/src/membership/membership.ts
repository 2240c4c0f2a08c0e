import { isIP } from 'node:net';
import {
  exchangeGossipKeys,
  formatAddress,
  type GossipKeyState,
  gossipKeyState,
  type Logger,
  type MemberView,
  parseAddress,
  ShoalError,
} from '@shoal/common';
import { Gossip, GossipError, type GossipOptions, type GossipStats, type Member } from '@shoal/gossip';
import type { Pools } from '../lease/lease-states.js';
import { keptMembers, neededMembers } from './kept-members.js';
import { type KnownMembers, loadKnownMembers, saveKnownMembers } from './known-members.js';
import { type NodeFacts, nodeTags } from './tags.js';

/** What membership needs to know. */
export interface MembershipOptions {
  readonly node: string;
  readonly dataDir: string;
  readonly listen: string;
  readonly advertise?: string;
  readonly logger: Logger;
  facts(): NodeFacts;
  /** The alive nodes, or what they tell, changed. */
  changed(): void;
  /** A controller joined or came back. */
  controllerSeen(): void;
  /** Tuning of the gossip; for tests. */
  readonly gossip?: Pick<GossipOptions, 'profile' | 'overrides'>;
  /** Wait between two tries to find the cluster while this node is alone, milliseconds. Default 5000. */
  readonly rejoinMs?: number;
}

/** How long others are told of a leave at most, milliseconds. */
const leaveMs = 3000;
/** How long others are told at most why this node leaves, before it does, milliseconds. */
const reasonMs = 2000;
/** Changes within this time are written down together, milliseconds. */
const saveAfterMs = 2000;

/**
 * This node's place in the gossip. Finds the cluster through the controller's seeds and through peers of earlier runs, tells facts about
 * the node, and says which nodes are alive. Until the cluster is found again after a restart, and after leaving it, the nodes last known count as
 * alive: a load balancer that reads them must not empty its pool because its own agent was restarted.
 */
export class Membership {
  readonly #options: MembershipOptions;
  #known: KnownMembers = { peers: [], incarnation: 0, members: [] };
  #gossip: Gossip | undefined;
  #seeds: readonly string[] = [];
  #met = false;
  #told = '';
  #tags = '';
  #pools: Pools = 'live';
  /** The nodes that there were when pools were frozen. */
  #frozen: readonly MemberView[] | undefined;
  #rejoin: NodeJS.Timeout | undefined;
  #save: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Reads what an earlier run knew. Before this, and before `start`, only this node is a member. */
  async load(): Promise<void> {
    this.#known = await loadKnownMembers(this.#options.dataDir);
  }

  /** Opens the sockets and looks for the cluster, for as long as it takes. Throws `failed_precondition` when the address can't be listened on. */
  async start(seeds: readonly string[], keys: readonly Uint8Array[]): Promise<void> {
    if (this.#gossip !== undefined) return;
    this.#seeds = seeds;
    const tags = nodeTags(this.#options.facts());
    try {
      this.#gossip = await Gossip.start({
        name: this.#options.node,
        bind: parseAddress(this.#options.listen),
        ...(this.#options.advertise === undefined
          ? {}
          : { advertise: parseAddress(this.#options.advertise) }),
        tags,
        keys,
        incarnation: this.#known.incarnation,
        logger: this.#options.logger,
        ...this.#options.gossip,
      });
    } catch (thrown) {
      throw startError(thrown);
    }
    this.#tags = JSON.stringify(tags);
    this.#gossip.on('change', ({ type, member }) => this.#memberChanged(type, member));
    void this.#findCluster();
  }

  /**
   * Leaves the gossip gracefully: others learn that this node went, not that it failed. The members stay as they were last known. `tellWhy`: the facts say why it goes, and
   * others shall know them. `start` leads back.
   */
  async leave(options: { tellWhy?: boolean } = {}): Promise<void> {
    const gossip = this.#gossip;
    if (gossip === undefined) return;
    clearTimeout(this.#rejoin);
    if (options.tellWhy === true) {
      this.factsChanged();
      await gossip.tagsTold({ timeoutMs: reasonMs });
    }
    await this.#saveNow();
    this.#gossip = undefined;
    this.#met = false;
    await gossip.leave({ timeoutMs: leaveMs }).catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'leaving the gossip failed');
    });
    await gossip.stop();
  }

  /** Ends without a word, as a crash would; what is being written down is finished. */
  async stop(): Promise<void> {
    clearTimeout(this.#rejoin);
    clearTimeout(this.#save);
    await this.#gossip?.stop();
    this.#gossip = undefined;
    await this.#saving;
  }

  /** Where this node's gossip can be reached, host:port. */
  get address(): string {
    const self = this.#gossip?.self;
    if (self !== undefined) return formatAddress({ host: self.address, port: self.port });
    return this.#options.advertise ?? this.#options.listen;
  }

  /** Every member, in the gossip's own view. Empty before `start`. */
  members(): readonly MemberView[] {
    return (this.#gossip?.members() ?? []).map(viewOf);
  }

  /** Nodes that run an agent, this one included, sorted by name; never empty. What templates see: those that are alive, and more as `usePools` says. */
  nodes(): readonly MemberView[] {
    return [...this.#shown()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What `nodes` tells besides those that are alive. */
  usePools(pools: Pools): void {
    // What was frozen before may be from before members were loaded.
    this.#frozen = undefined;
    this.#frozen = pools === 'frozen' ? this.nodes() : undefined;
    this.#pools = pools;
    this.#tellIfChanged();
  }

  stats(): GossipStats | undefined {
    return this.#gossip?.stats();
  }

  /** Places to join by, as the controller told them. */
  addSeeds(seeds: readonly string[]): void {
    this.#seeds = [...new Set([...seeds, ...this.#seeds])].slice(0, 16);
    if (!this.#met) void this.#findCluster();
  }

  /** What the gossip encrypts and decrypts with; null: it doesn't run, or isn't encrypted. */
  keyState(): GossipKeyState | null {
    return this.#gossip === undefined ? null : gossipKeyState(this.#gossip.keyring);
  }

  /**
   * Holds exactly these keys from the next packet on, the primary first. A node that was away while the keys changed couldn't join by those that it had: it looks for the
   * cluster again. Without effect while it doesn't run.
   */
  useKeys(keys: readonly Uint8Array[]): void {
    if (this.#gossip === undefined) return;
    const before = this.keyState()?.primary;
    exchangeGossipKeys(this.#gossip.keyring, keys);
    if (this.keyState()?.primary !== before && this.#isAlone()) void this.#findCluster();
  }

  /** Tells the cluster what is true of this node now, if that changed. */
  factsChanged(): void {
    if (this.#gossip === undefined) return;
    const tags = nodeTags(this.#options.facts());
    const text = JSON.stringify(tags);
    if (text === this.#tags) return;
    this.#tags = text;
    this.#gossip.setTags(tags);
    this.#tellIfChanged();
  }

  #shown(): readonly MemberView[] {
    if (this.#frozen !== undefined) return merged(this.#frozen, this.#self());
    const live = this.#liveNodes();
    const found = this.#gossip !== undefined && (this.#met || this.#known.members.length < 2);
    if (!found) return merged(this.#known.members, this.#self());
    const kept = this.#pools === 'live' ? neededMembers : keptMembers;
    return [...live, ...kept(live, this.#known.members, this.members())];
  }

  #self(): MemberView {
    const self = this.#gossip?.self;
    if (self !== undefined) return viewOf(self);
    return {
      name: this.#options.node,
      address: this.#options.advertise ?? this.#options.listen,
      state: 'alive',
      tags: nodeTags(this.#options.facts()),
      incarnation: this.#known.incarnation,
      since: 0,
    };
  }

  #liveNodes(): MemberView[] {
    const others = (this.#gossip?.members() ?? [])
      .filter((member) => !member.self && member.tags['role'] === 'agent')
      // A suspicion isn't a verdict: pools don't flap with it.
      .filter((member) => member.state === 'alive' || member.state === 'suspect')
      .map((member) => ({ ...viewOf(member), state: 'alive' as const }));
    return [...others, this.#self()];
  }

  #memberChanged(type: string, member: Member): void {
    if (!member.self && member.state === 'alive') {
      this.#met = true;
      const isController = member.tags['role'] === 'controller';
      if (isController && type !== 'update') this.#options.controllerSeen();
    }
    this.#saveSoon();
    this.#tellIfChanged();
  }

  #tellIfChanged(): void {
    const shown = JSON.stringify(this.nodes().map(({ name, address, tags }) => [name, address, tags]));
    if (shown === this.#told) return;
    this.#told = shown;
    this.#options.changed();
  }

  async #findCluster(): Promise<void> {
    clearTimeout(this.#rejoin);
    const own = this.address;
    const places = [...new Set([...this.#seeds, ...this.#known.peers])].filter((place) => place !== own);
    const gossip = this.#gossip;
    if (gossip === undefined) return;
    if (places.length > 0) {
      await gossip.join(places).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.logger.debug({ reason }, 'no member of the cluster answers');
      });
    }
    if (gossip !== this.#gossip || !this.#isAlone()) return;
    const waitMs = (this.#options.rejoinMs ?? 5000) * (0.75 + Math.random() / 2);
    this.#rejoin = setTimeout(() => void this.#findCluster(), waitMs);
    this.#rejoin.unref();
  }

  #isAlone(): boolean {
    const members = this.#gossip?.members() ?? [];
    return !members.some((member) => !member.self && member.state === 'alive');
  }

  #saveSoon(): void {
    if (this.#save !== undefined) return;
    this.#save = setTimeout(() => void this.#saveNow(), saveAfterMs);
    this.#save.unref();
  }

  async #saveNow(): Promise<void> {
    clearTimeout(this.#save);
    this.#save = undefined;
    const gossip = this.#gossip;
    if (gossip === undefined || !this.#met) return;
    const peers = gossip.peers();
    this.#known = {
      peers: peers.length > 0 ? peers : this.#known.peers,
      incarnation: gossip.self.incarnation,
      members: this.#shown(),
    };
    const known = this.#known;
    // One after the other: of two that overlap, the older one could be the last.
    this.#saving = this.#saving.then(() => this.#write(known));
    await this.#saving;
  }

  async #write(known: KnownMembers): Promise<void> {
    await saveKnownMembers(this.#options.dataDir, known).catch((error: unknown) => {
      this.#options.logger.warn({ reason: ShoalError.from(error).message }, 'remembering the members failed');
    });
  }
}

function viewOf(member: Member): MemberView {
  const { name, state, tags, incarnation, since } = member;
  return {
    name,
    address: formatAddress({ host: member.address, port: member.port }),
    state,
    tags,
    incarnation,
    since,
  };
}

function merged(known: readonly MemberView[], self: MemberView): MemberView[] {
  return [...known.filter(({ name }) => name !== self.name), self];
}

function startError(thrown: unknown): ShoalError {
  if (thrown instanceof GossipError) {
    const bound = thrown.code !== 'ADDRESS_IN_USE' && thrown.code !== 'ADDRESS_UNAVAILABLE';
    const message = bound ? thrown.message : `gossip.listen: ${thrown.message}`;
    return new ShoalError('failed_precondition', message, { hint: thrown.hint, cause: thrown });
  }
  return ShoalError.from(thrown);
}

/** Host part of an address, for templates; a name stays a name. */
export function hostOf(address: string): string {
  const { host } = parseAddress(address, 0);
  return isIP(host) === 6 ? `[${host}]` : host;
}
