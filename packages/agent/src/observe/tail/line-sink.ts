import type { Position } from '../spool/entry.js';

/** A line as a source gave it. */
export interface SourceLine {
  readonly text: string;
  /** What followed was cut off: its end may be a part of anything. Default false. */
  readonly isCut?: boolean;
  /** When it was written, where the source itself knows (the journal does); milliseconds since the epoch. */
  readonly at?: number;
  /** What the source knows besides the text. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Where the source has been read to by this line, under `key`. */
  readonly key?: string;
  readonly position?: Position;
}

/** Where a tail puts its lines: the spool, with the service's and source's name added. */
export interface LineSink {
  /** Resolves when the lines are in the spool; waits while that is full. Rejects when `signal` aborts. */
  append(lines: readonly SourceLine[], signal: AbortSignal): Promise<void>;
  mark(moved: Readonly<Record<string, Position | null>>): Promise<void>;
  /** Positions of earlier runs whose key begins with `prefix`. */
  positions(prefix: string): ReadonlyMap<string, Position>;
  /** What was written before this time (milliseconds since the epoch) is none of ours: the spool's birth. */
  readonly since: number;
}
