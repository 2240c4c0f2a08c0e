import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Position, SpoolEntry, SpoolHeader, SpoolRecord } from './entry.js';
import { parseEntry } from './entry.js';

/** One append-only file of the spool. */
export interface Segment {
  readonly path: string;
  /** Sequence number of its first record, whether or not that is written yet. */
  readonly first: number;
  /** Sequence number of its last record; `first - 1` when it has none. */
  last: number;
  bytes: number;
}

/** What a segment file says about the whole spool up to its end. */
export interface SegmentState {
  readonly segment: Segment;
  readonly header: SpoolHeader;
  readonly acked: number;
  readonly positions: Map<string, Position>;
}

const suffix = '.segment';

/** Path of the segment that begins with this sequence number; names sort by age. */
export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, '0')}${suffix}`);
}

/** True for names that `segmentPath` makes. */
export function isSegmentName(name: string): boolean {
  return /^\d{16}\.segment$/.test(name);
}

/**
 * Reads a segment whole, and cuts off what a crash left half written at its end. Undefined when not even its header can be read.
 */
export async function recoverSegment(path: string): Promise<SegmentState | undefined> {
  const content = await readFile(path);
  const headerEnd = content.indexOf(0x0a);
  const header = headerEnd < 0 ? undefined : parseEntry<never>(content.toString('utf8', 0, headerEnd));
  if (header === undefined || !('spool' in header)) return undefined;
  const state: SegmentState & { acked: number } = {
    segment: { path, first: header.next, last: header.next - 1, bytes: headerEnd + 1 },
    header,
    acked: header.acked,
    positions: new Map(Object.entries(header.positions)),
  };
  let offset = headerEnd + 1;
  for (;;) {
    const end = content.indexOf(0x0a, offset);
    if (end < 0) break;
    const entry = parseEntry<unknown>(content.toString('utf8', offset, end));
    if (entry === undefined || !replay(state, entry)) break;
    offset = end + 1;
    state.segment.bytes = offset;
  }
  if (offset < content.length) await truncate(path, offset);
  return state;
}

function replay(state: SegmentState & { acked: number }, entry: SpoolEntry<unknown>): boolean {
  if ('q' in entry) {
    if (entry.q !== state.segment.last + 1) return false;
    state.segment.last = entry.q;
    if (entry.k !== undefined && entry.p !== undefined) state.positions.set(entry.k, entry.p);
  } else if ('m' in entry) {
    movePositions(state.positions, entry.m);
  } else if ('a' in entry) {
    state.acked = Math.max(state.acked, entry.a);
  } else {
    return false;
  }
  return true;
}

/** Takes over moved positions; null removes one. */
export function movePositions(
  positions: Map<string, Position>,
  moved: Readonly<Record<string, Position | null>>,
): void {
  for (const [key, position] of Object.entries(moved)) {
    if (position === null) positions.delete(key);
    else positions.set(key, position);
  }
}

/** Reads the records of one segment in order, a chunk at a time. */
export class SegmentReader<T> {
  readonly segment: Segment;
  readonly #file: FileHandle;
  readonly #chunk: number;
  #offset = 0;

  private constructor(segment: Segment, file: FileHandle, chunk: number) {
    this.segment = segment;
    this.#file = file;
    this.#chunk = chunk;
  }

  static async open<T>(segment: Segment, chunkBytes: number = 256 * 1024): Promise<SegmentReader<T>> {
    return new SegmentReader<T>(segment, await open(segment.path, 'r'), chunkBytes);
  }

  /** True when all of the segment that is written was read. */
  get exhausted(): boolean {
    return this.#offset >= this.segment.bytes;
  }

  /**
   * The next records, at most a chunk of them, none beyond `upTo`. Empty: none up to there for now. Marks among them are skipped.
   */
  async next(upTo: number): Promise<SpoolRecord<T>[]> {
    let size = this.#chunk;
    for (;;) {
      const buffer = Buffer.allocUnsafe(Math.min(size, this.segment.bytes - this.#offset));
      if (buffer.length === 0) return [];
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#offset);
      const whole = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
      if (whole === 0) {
        if (bytesRead < size) return [];
        size *= 2; // one line is longer than the chunk
        continue;
      }
      const taken = this.#take(buffer, whole, upTo);
      this.#offset += taken.bytes;
      if (taken.records.length > 0 || taken.bytes < whole) return taken.records;
    }
  }

  #take(buffer: Buffer, whole: number, upTo: number): { records: SpoolRecord<T>[]; bytes: number } {
    const records: SpoolRecord<T>[] = [];
    let offset = 0;
    while (offset < whole) {
      const end = buffer.indexOf(0x0a, offset);
      const entry = parseEntry<T>(buffer.toString('utf8', offset, end));
      if (entry !== undefined && 'q' in entry) {
        if (entry.q > upTo) break;
        records.push({ sequence: entry.q, payload: entry.d });
      }
      offset = end + 1;
    }
    return { records, bytes: offset };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
