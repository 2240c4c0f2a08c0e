import { type Random, randomBelow, shuffle } from '../random.js';
import { isActive, type NodeRecord, type NodeStatus } from './node-record.js';

/** Most tombstones kept; the oldest goes first. */
const MAX_TOMBSTONES = 4096;

/**
 * All nodes that the protocol works with, in an order for probing, and beside them the tombstones: failed and
 * departed nodes that the protocol has dropped, but that people want to see and rejoin wants to try.
 */
export class NodeTable {
  readonly self: NodeRecord;
  readonly #random: Random;
  readonly #byName = new Map<string, NodeRecord>();
  readonly #order: NodeRecord[] = [];
  readonly #tombstones = new Map<string, NodeRecord>();
  #active = 1;

  /** @param self this node's own record, alive. */
  constructor(self: NodeRecord, random: Random) {
    this.self = self;
    this.#random = random;
    this.#byName.set(self.name, self);
    this.#order.push(self);
  }

  /** Nodes that are alive or suspect, this one included. The dead don't count, so that they don't slow verdicts. */
  get active(): number {
    return this.#active;
  }

  /** In probe order, this node included. */
  get all(): readonly NodeRecord[] {
    return this.#order;
  }

  get tombstones(): Iterable<NodeRecord> {
    return this.#tombstones.values();
  }

  get(name: string): NodeRecord | undefined {
    return this.#byName.get(name);
  }

  /** Inserts a node that is not active yet, at a random place so that first probes spread. */
  insert(node: NodeRecord): void {
    this.#tombstones.delete(node.name);
    this.#byName.set(node.name, node);
    const at = randomBelow(this.#random, this.#order.length + 1);
    const displaced = this.#order[at];
    this.#order[at] = node;
    if (displaced) this.#order.push(displaced);
  }

  setStatus(node: NodeRecord, status: NodeStatus, now: number): void {
    if (node.status === status) return;
    const before = isActive(node);
    node.status = status;
    node.changedAt = now;
    this.#active += Number(isActive(node)) - Number(before);
  }

  shuffle(): void {
    shuffle(this.#random, this.#order);
  }

  /** Turns nodes that have been dead or gone since before `deadline` into tombstones. */
  reap(deadline: number): void {
    const gone = (node: NodeRecord): boolean =>
      !isActive(node) && node !== this.self && node.changedAt < deadline;
    for (const node of this.#order.filter(gone)) {
      this.#byName.delete(node.name);
      this.#tombstones.set(node.name, node);
    }
    const kept = this.#order.filter((node) => !gone(node));
    if (kept.length === this.#order.length) return;
    this.#order.length = 0;
    for (const node of kept) this.#order.push(node);
  }

  /** Drops tombstones of nodes gone since before `deadline`, and the oldest beyond the bound; returns them. */
  forget(deadline: number): NodeRecord[] {
    const surplus = this.#tombstones.size - MAX_TOMBSTONES;
    const forgotten = [...this.#tombstones.values()].filter(
      (node, i) => node.changedAt < deadline || i < surplus,
    );
    for (const node of forgotten) this.#tombstones.delete(node.name);
    return forgotten;
  }
}
