import { isActive, type NodeRecord } from '../nodes/node-record.js';
import type { NodeTable } from '../nodes/node-table.js';

/**
 * Whom to probe next: each active node once in a round, rounds in random order, so that every failure is found
 * within 2n - 1 probes (SWIM section 4.3).
 */
export class ProbeOrder {
  readonly #nodes: NodeTable;

  constructor(nodes: NodeTable) {
    this.#nodes = nodes;
  }

  /** The next target, or undefined if there is nobody to probe. */
  next(): NodeRecord | undefined {
    const target = this.#scan();
    if (target) return target;
    this.#nodes.shuffle();
    return this.#scan();
  }

  #scan(): NodeRecord | undefined {
    for (let node = this.#nodes.next(); node; node = this.#nodes.next()) {
      if (node.name !== this.#nodes.self.name && isActive(node)) return node;
    }
    return undefined;
  }
}
