import { pickSome, type Random } from '../random.js';
import type { NodeState } from '../wire/stream-types.js';
import { Columns, StatusCode } from './columns.js';
import type { Directory, Facts } from './directory.js';
import { isActive, type NodeRecord, type NodeStatus } from './node-record.js';
import { NodeView } from './node-view.js';
import { RandomOrder } from './random-order.js';

/** Most tombstones kept; the oldest goes first. */
const MAX_TOMBSTONES = 4096;

/** A node to be taken in. */
export interface NewNode {
  name: string;
  facts: Facts;
  incarnation: number;
}

/**
 * All nodes that the protocol works with, in an order for probing, and beside them the tombstones: failed and
 * departed nodes that the protocol has dropped, but that people want to see and rejoin wants to try.
 */
export class NodeTable {
  readonly self: NodeRecord;
  readonly #selfId: number;
  readonly #random: Random;
  readonly #columns: Columns;
  readonly #order: RandomOrder;
  /** Nodes of the protocol that are dead or have left, those gone longest first. */
  readonly #gone = new Set<number>();
  /** Those gone longest first. */
  readonly #tombstones = new Set<number>();
  #active = 1;

  /**
   * @param self this node itself, alive since `now`.
   * @param directory shared with the other nodes of a simulation; by default one of its own.
   */
  constructor(self: NewNode, random: Random, now = 0, directory?: Directory) {
    this.#random = random;
    this.#order = new RandomOrder(random);
    this.#columns = new Columns(directory);
    this.#selfId = this.#add(self);
    this.#write(this.#selfId, 'alive', now);
    this.self = this.#view(this.#selfId);
  }

  /** Nodes that are alive or suspect, this one included. The dead don't count, so that they don't slow verdicts. */
  get active(): number {
    return this.#active;
  }

  /** Nodes that the protocol works with, this one included. */
  get size(): number {
    return this.#order.length;
  }

  /** The nodes that the protocol works with, this one included. Looks at all of them: for rare occasions. */
  get all(): NodeRecord[] {
    return this.#ids().map((id) => this.#view(id));
  }

  /** Nodes of the protocol that are dead or have left, those gone longest first; without this one. */
  get gone(): NodeRecord[] {
    return Array.from(this.#gone, (id) => this.#view(id));
  }

  get tombstones(): NodeRecord[] {
    return Array.from(this.#tombstones, (id) => this.#view(id));
  }

  /** All nodes that the protocol works with, as a push-pull carries them. */
  states(): NodeState[] {
    const { directory, facts, incarnation, status } = this.#columns;
    return this.#ids().map((id) => {
      const state = (status[id] ?? 0) - StatusCode.alive;
      return directory.state(id, facts[id] ?? 0, incarnation[id] ?? 0, state);
    });
  }

  /** A node that the protocol works with. */
  get(name: string): NodeRecord | undefined {
    const id = this.#columns.directory.find(name);
    if (id === undefined) return undefined;
    const code = this.#columns.status[id] ?? StatusCode.unknown;
    return code === StatusCode.unknown || code >= StatusCode.tombstone
      ? undefined
      : new NodeView(this.#columns, id, name);
  }

  /** A node that the protocol works with, or a tombstone. */
  find(name: string): NodeRecord | undefined {
    const id = this.#columns.directory.find(name);
    return id !== undefined && this.#columns.status[id] ? this.#view(id) : undefined;
  }

  /**
   * The living node that comes next after this one on a ring on which all stand by the hash of their names; undefined
   * if there is no other. Looks at all nodes.
   */
  successor(): NodeRecord | undefined {
    const { directory, status } = this.#columns;
    const origin = directory.hash(this.#selfId);
    let nearest: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let id = 0; id < status.length; id++) {
      if (status[id] !== StatusCode.alive || id === this.#selfId) continue;
      const distance = (directory.hash(id) - origin) >>> 0;
      if (distance > least) continue;
      const tie = distance === least && nearest !== undefined;
      if (tie && directory.name(nearest ?? id) < directory.name(id)) continue;
      nearest = id;
      least = distance;
    }
    return nearest === undefined ? undefined : this.#view(nearest);
  }

  /**
   * Takes in a node that the protocol doesn't know, at a random place of the probe order so that first probes spread.
   * It counts as dead until its status is set.
   */
  insert(node: NewNode): NodeRecord {
    const tombstone = this.#columns.directory.find(node.name);
    if (tombstone !== undefined && this.#tombstones.has(tombstone)) this.#drop(tombstone);
    return this.#view(this.#add(node));
  }

  setStatus(node: NodeRecord, status: NodeStatus, now: number): void {
    if (node.status === status) return;
    const id = this.#columns.directory.find(node.name);
    if (id === undefined) return;
    const before = isActive(node);
    this.#write(id, status, now);
    this.#active += Number(isActive(node)) - Number(before);
  }

  /** The next node of this round of the probe order, or undefined at its end. */
  next(): NodeRecord | undefined {
    const id = this.#order.next();
    return id === undefined ? undefined : this.#view(id);
  }

  /** Begins a new round of the probe order. */
  shuffle(): void {
    this.#order.shuffle();
  }

  /** Up to `count` different random nodes that pass the filter; all of them if there are no more. */
  pick(count: number, eligible: (node: NodeRecord) => boolean): NodeRecord[] {
    const ids = pickSome(this.#random, this.#order, count, (id) => eligible(this.#view(id)));
    return ids.map((id) => this.#view(id));
  }

  /** Turns nodes that have been dead or gone since before `deadline` into tombstones. */
  reap(deadline: number): void {
    for (const id of this.#gone) {
      if (this.#view(id).changedAt >= deadline) return;
      this.#gone.delete(id);
      this.#order.remove(id);
      this.#columns.suspicions.delete(id);
      this.#columns.status[id] = (this.#columns.status[id] ?? 0) + StatusCode.tombstone;
      this.#tombstones.add(id);
    }
  }

  /** Drops tombstones of nodes gone since before `deadline`, and the oldest beyond the bound; tells of each before. */
  forget(deadline: number, tell: (node: NodeRecord) => void): void {
    for (const id of this.#tombstones) {
      const node = this.#view(id);
      if (node.changedAt >= deadline && this.#tombstones.size <= MAX_TOMBSTONES) return;
      tell(node);
      this.#drop(id);
    }
  }

  /**
   * Takes over what another table on the same directory knows, by copying its columns: for a simulation that begins
   * with a whole cluster. That one must know this node as it is, and none that is not alive.
   */
  copy(other: NodeTable): void {
    if (other.#tombstones.size > 0 || other.#active < other.size) throw new RangeError('not all are alive');
    this.#columns.copy(other.#columns);
    this.#order.copy(other.#order);
    this.#active = other.#active;
    const { directory, facts } = this.#columns;
    for (const id of this.#ids()) {
      if (id === this.#selfId) continue;
      directory.holdBoth(id, facts[id] ?? 0);
    }
  }

  /** Nodes that the protocol works with, in the order in which their entries lie in memory. */
  #ids(): number[] {
    const ids: number[] = [];
    this.#columns.status.forEach((code, id) => {
      if (code !== StatusCode.unknown && code < StatusCode.tombstone) ids.push(id);
    });
    return ids;
  }

  #view(id: number): NodeRecord {
    return new NodeView(this.#columns, id);
  }

  #add(node: NewNode): number {
    const { directory } = this.#columns;
    const id = directory.hold(node.name);
    this.#columns.reserve(id);
    this.#columns.facts[id] = directory.holdFacts(id, node.facts);
    this.#columns.incarnation[id] = node.incarnation;
    this.#order.add(id);
    this.#write(id, 'dead', 0);
    return id;
  }

  #write(id: number, status: NodeStatus, now: number): void {
    this.#columns.status[id] = StatusCode[status];
    this.#columns.changedAt[id] = now;
    this.#gone.delete(id);
    const active = status === 'alive' || status === 'suspect';
    if (!active && id !== this.#selfId) this.#gone.add(id);
  }

  /** Forgets a tombstone. */
  #drop(id: number): void {
    const { directory, facts, status, suspicions, intents } = this.#columns;
    this.#tombstones.delete(id);
    status[id] = StatusCode.unknown;
    suspicions.delete(id);
    intents.delete(id);
    directory.releaseFacts(id, facts[id] ?? 0);
    directory.release(id);
  }
}
