import type { Address } from '../core/index.js';
import type { SimNode } from './sim-node.js';

/** A host of the virtual world, as the network sees it. It outlives the processes that run on it. */
export interface Place {
  /** Counted up from 0; nodes of one name have the same. */
  readonly id: number;
  readonly name: string;
  readonly address: Address;
  /** Number of its site. */
  readonly site: number;
  /** The process that has the sockets, or had them last. */
  process: SimNode | undefined;
  /** False once the host itself is gone: nothing answers, not even to refuse. */
  up: boolean;
}
