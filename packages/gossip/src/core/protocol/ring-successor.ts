import { hashOf } from '../nodes/name-hash.js';
import type { NodeRecord } from '../nodes/node-record.js';
import type { NodeTable } from '../nodes/node-table.js';

/**
 * The next node on a ring on which all nodes stand by a hash of their names. Each one has exactly one predecessor
 * among those that agree on the members, so that a node is probed in every interval, not only on average.
 * Only nodes believed alive count: suspects are being probed already.
 */
export class RingSuccessor {
  readonly #nodes: NodeTable;
  readonly #origin: number;
  #name: string | undefined;
  #distance = Number.POSITIVE_INFINITY;
  /** The successor itself is gone, or none was ever looked for. */
  #stale = true;

  constructor(nodes: NodeTable) {
    this.#nodes = nodes;
    this.#origin = hashOf(nodes.self.name);
  }

  /** To be called after the status of a node has changed. */
  changed(node: NodeRecord): void {
    if (this.#stale) return;
    if (node.status === 'alive') this.#consider(node.name);
    else if (node.name === this.#name) this.#stale = true;
  }

  /** The successor, or undefined if no other node is alive. Looks at all nodes only after the last one was lost. */
  get(): NodeRecord | undefined {
    if (!this.#stale) return this.#name === undefined ? undefined : this.#nodes.get(this.#name);
    const found = this.#nodes.successor();
    this.#stale = false;
    this.#name = found?.name;
    this.#distance = found ? this.#distanceOf(found.name) : Number.POSITIVE_INFINITY;
    return found;
  }

  #consider(name: string): void {
    if (name === this.#nodes.self.name) return;
    const distance = this.#distanceOf(name);
    const nearer = distance < this.#distance || (distance === this.#distance && name < (this.#name ?? name));
    if (!nearer) return;
    this.#name = name;
    this.#distance = distance;
  }

  #distanceOf(name: string): number {
    return (hashOf(name) - this.#origin) >>> 0;
  }
}
