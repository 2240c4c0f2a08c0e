import type { Suspicion } from '../judgment/suspicion.js';
import { Directory } from './directory.js';

/** What a table's status column holds for each node: one more than the state on the wire, or 0. */
export const StatusCode = { unknown: 0, alive: 1, suspect: 2, dead: 3, left: 4, tombstone: 8 } as const;

/** What a node has announced about its own going, by Serf's intents. */
export interface Intent {
  leaving: boolean;
  ltime: number;
}

/** Room for so many more nodes than needed, as a share, when columns grow. */
const HEADROOM = 0.25;

/** Least room of a table. */
const LEAST_ROOM = 16;

/**
 * What one table believes of each node: an array per property, indexed by the directory's number of the node, and
 * maps for what few nodes have. 10,000 nodes take 150 KB.
 */
export class Columns {
  readonly directory: Directory;
  /** One of StatusCode; with `tombstone` added once the protocol has dropped the node. */
  status: Uint8Array;
  incarnation: Uint32Array;
  changedAt: Float64Array;
  /** Slot of the node's facts in the directory. */
  facts: Uint16Array;
  readonly suspicions: Map<number, Suspicion> = new Map();
  readonly intents: Map<number, Intent> = new Map();

  constructor(directory: Directory = new Directory()) {
    this.directory = directory;
    this.status = new Uint8Array(LEAST_ROOM);
    this.incarnation = new Uint32Array(LEAST_ROOM);
    this.changedAt = new Float64Array(LEAST_ROOM);
    this.facts = new Uint16Array(LEAST_ROOM);
  }

  /** Makes room for a number. */
  reserve(id: number): void {
    if (id < this.status.length) return;
    const room = Math.ceil(Math.max(id + 1, this.directory.size) * (1 + HEADROOM));
    this.status = grown(this.status, new Uint8Array(room));
    this.incarnation = grown(this.incarnation, new Uint32Array(room));
    this.changedAt = grown(this.changedAt, new Float64Array(room));
    this.facts = grown(this.facts, new Uint16Array(room));
  }

  /** Takes over the arrays of other columns on the same directory, as they are now; maps stay as they are. */
  copy(other: Columns): void {
    this.status = other.status.slice();
    this.incarnation = other.incarnation.slice();
    this.changedAt = other.changedAt.slice();
    this.facts = other.facts.slice();
  }
}

/** Copies an array into a larger one. */
export function grown<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
