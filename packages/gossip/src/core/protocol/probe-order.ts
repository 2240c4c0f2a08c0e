import { isActive, type NodeRecord } from '../nodes/node-record.js';
import type { NodeTable } from '../nodes/node-table.js';

/**
 * Whom to probe next: each active node once in a round, rounds in random order, so that every failure is found
 * within 2n - 1 probes (SWIM section 4.3).
 */
export class ProbeOrder {
  readonly #nodes: NodeTable;
  readonly #roundEnded: () => void;
  #next = 0;

  /** @param roundEnded called between rounds; the time to clean up the table. */
  constructor(nodes: NodeTable, roundEnded: () => void) {
    this.#nodes = nodes;
    this.#roundEnded = roundEnded;
  }

  /** The next target, or undefined if there is nobody to probe. */
  next(): NodeRecord | undefined {
    const target = this.#scan();
    if (target) return target;
    this.#roundEnded();
    this.#nodes.shuffle();
    this.#next = 0;
    return this.#scan();
  }

  #scan(): NodeRecord | undefined {
    while (this.#next < this.#nodes.all.length) {
      const node = this.#nodes.all[this.#next++];
      if (node && node !== this.#nodes.self && isActive(node)) return node;
    }
    return undefined;
  }
}
