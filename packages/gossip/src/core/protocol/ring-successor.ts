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
    if (this.#stale) {
      this.#stale = false;
      this.#name = undefined;
      this.#distance = Number.POSITIVE_INFINITY;
      for (const node of this.#nodes.all) if (node.status === 'alive') this.#consider(node.name);
    }
    return this.#name === undefined ? undefined : this.#nodes.get(this.#name);
  }

  #consider(name: string): void {
    if (name === this.#nodes.self.name) return;
    const distance = (hashOf(name) - this.#origin) >>> 0;
    const nearer = distance < this.#distance || (distance === this.#distance && name < (this.#name ?? name));
    if (!nearer) return;
    this.#name = name;
    this.#distance = distance;
  }
}

/** 32 bits of a name: FNV-1a, and the finish of MurmurHash3, because names that differ in one digit stay near otherwise. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
