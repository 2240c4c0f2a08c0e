import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, ShoalError } from '@shoal/common';
import { type BlockHeader, blocksOf, encodeBlock } from './block.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { Held } from './held.js';
import { addBlock, emptySegment, type Segment, segmentFile, segmentNumber, summarize } from './segment.js';
import { type DiskIo, SegmentWriter } from './segment-writer.js';

/** A record to be kept. */
export interface JournalRecord<T> {
  /** Rises within its spool. */
  readonly sequence: number;
  /** ms since the epoch. */
  readonly at: number;
  /** What is written: JSON on one line. */
  readonly text: string;
  /** What it was made of, handed to `onStored`. */
  readonly item: T;
}

/** Records that have become durable, and where. */
export interface StoredBatch<T> {
  readonly segment: number;
  readonly offset: number;
  readonly records: readonly JournalRecord<T>[];
}

export interface JournalOptions<T> {
  readonly dir: string;
  readonly now: () => number;
  readonly io: DiskIo;
  /** A segment that has reached this size is closed. */
  readonly segmentBytes: number;
  readonly onStored: (batch: StoredBatch<T>) => void;
  /** A segment was closed. */
  readonly onClosed: () => void;
}

interface Pending<T> {
  readonly spool: string;
  readonly records: readonly JournalRecord<T>[];
  readonly resolve: (upto: number) => void;
  readonly reject: (error: unknown) => void;
}

interface Prepared<T> {
  readonly header: Omit<BlockHeader, 'bytes' | 'count'>;
  readonly records: readonly JournalRecord<T>[];
  readonly data: Buffer;
}

/**
 * Everything that one node sent, on disk: segments that only grow, the last of them open. Appends that arrive while the disk is busy are
 * written together with one sync.
 */
export class Journal<T> {
  readonly #options: JournalOptions<T>;
  readonly #held: Held;
  /** Closed segments, oldest first. */
  readonly #closed: Segment[];
  #active: Segment | undefined;
  #writer: SegmentWriter | undefined;
  #nextNumber: number;
  /** Segments in the checkpoint on disk: deleting them forgets nothing of what is held. */
  #checkpointed: ReadonlySet<number>;
  #pending: Pending<T>[] = [];
  #busy: Promise<void> | undefined;
  #stopped = false;

  private constructor(
    options: JournalOptions<T>,
    checkpoint: Checkpoint,
    segments: readonly Segment[],
    held: Held,
  ) {
    this.#options = options;
    this.#held = held;
    this.#checkpointed = new Set(checkpoint.segments.map(({ number }) => number));
    const last = segments.at(-1);
    const reopen = last !== undefined && !this.#checkpointed.has(last.number);
    this.#active = reopen ? last : undefined;
    this.#closed = reopen ? segments.slice(0, -1) : [...segments];
    const highest = Math.max(0, ...this.#checkpointed, last?.number ?? 0);
    this.#nextNumber = highest + 1;
  }

  /** Opens or makes a journal: closed segments by the checkpoint, others by reading them; a torn end is cut off at the next append. */
  static async open<T>(options: JournalOptions<T>): Promise<Journal<T>> {
    await mkdir(options.dir, { recursive: true, mode: 0o700 });
    const checkpoint = await readCheckpoint(options.dir);
    const known = new Map(checkpoint.segments.map((segment) => [segment.number, segment]));
    const held = new Held(checkpoint.held);
    const numbers = (await readdir(options.dir)).map(segmentNumber).filter((number) => number !== undefined);
    const segments: Segment[] = [];
    for (const number of numbers.sort((a, b) => a - b)) {
      const closed = known.get(number);
      if (closed !== undefined) {
        segments.push(closed);
        continue;
      }
      const blocks = blocksOf(await readFile(join(options.dir, segmentFile(number))), true);
      for (const { header } of blocks) held.raise(header.spool, header.upto, header.received);
      if (blocks.length > 0 || number === numbers.at(-1)) segments.push(summarize(number, blocks));
    }
    return new Journal(options, checkpoint, segments, held);
  }

  /** All segments, oldest first. */
  get segments(): readonly Readonly<Segment>[] {
    return this.#active === undefined ? this.#closed : [...this.#closed, this.#active];
  }

  /** Those that may be deleted, oldest first. */
  get deletable(): readonly Readonly<Segment>[] {
    return this.#closed.filter(({ number }) => this.#checkpointed.has(number));
  }

  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** The durable bytes of a segment; empty when retention has just deleted it. */
  async read(segment: Readonly<Segment>): Promise<Buffer> {
    const data = Buffer.allocUnsafe(segment.bytes);
    try {
      const file = await open(join(this.#options.dir, segmentFile(segment.number)), 'r');
      const { bytesRead } = await file.read(data, 0, data.length, 0).finally(() => file.close());
      return data.subarray(0, bytesRead);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
      throw thrown;
    }
  }

  /** Keeps the records that aren't held yet. Durable when it resolves, with the highest sequence number that is held of the spool. */
  append(spool: string, records: readonly JournalRecord<T>[]): Promise<number> {
    if (this.#stopped)
      return Promise.reject(new ShoalError('unavailable', 'the telemetry storage is closed'));
    return new Promise((resolve, reject) => {
      this.#pending.push({ spool, records, resolve, reject });
      this.#busy ??= this.#work();
    });
  }

  /** Does `first`, then (also when that failed) writes whatever is pending. One at a time. */
  async #work(first?: () => Promise<void>): Promise<void> {
    let failure: unknown;
    try {
      await first?.();
    } catch (thrown) {
      failure = thrown;
    }
    while (this.#pending.length > 0) {
      const group = this.#pending;
      this.#pending = [];
      try {
        await this.#write(group);
        for (const { spool, resolve } of group) resolve(this.#held.upto(spool));
      } catch (thrown) {
        const error = diskError(thrown, this.#options.dir);
        for (const { reject } of group) reject(error);
      }
    }
    this.#busy = undefined;
    if (failure !== undefined) throw failure;
  }

  async #write(group: readonly Pending<T>[]): Promise<void> {
    const prepared = this.#prepare(group);
    if (prepared.length === 0) return;
    const { segment, writer } = await this.#open();
    await writer.append(Buffer.concat(prepared.map(({ data }) => data)));
    for (const { header, records, data } of prepared) {
      const offset = segment.bytes;
      addBlock(segment, { ...header, count: records.length, bytes: data.length }, data.length);
      this.#held.raise(header.spool, header.upto, header.received);
      this.#options.onStored({ segment: segment.number, offset, records });
    }
    if (segment.bytes >= this.#options.segmentBytes) await this.#close();
  }

  /** Blocks of what isn't held yet, also counting what comes before in the same group. */
  #prepare(group: readonly Pending<T>[]): readonly Prepared<T>[] {
    const upto = new Map<string, number>();
    const prepared: Prepared<T>[] = [];
    for (const { spool, records: offered } of group) {
      let last = upto.get(spool) ?? this.#held.upto(spool);
      const records = offered.filter(({ sequence }) => {
        if (sequence <= last) return false;
        last = sequence;
        return true;
      });
      if (records.length === 0) continue;
      upto.set(spool, last);
      let min = Number.POSITIVE_INFINITY;
      let max = Number.NEGATIVE_INFINITY;
      for (const { at } of records) {
        if (at < min) min = at;
        if (at > max) max = at;
      }
      const header = { spool, upto: last, min, max, received: this.#options.now() };
      prepared.push({
        header,
        records,
        data: encodeBlock(
          header,
          records.map(({ text }) => text),
        ),
      });
    }
    return prepared;
  }

  async #open(): Promise<{ segment: Segment; writer: SegmentWriter }> {
    const segment = this.#active ?? emptySegment(this.#nextNumber);
    if (this.#writer === undefined) {
      const path = join(this.#options.dir, segmentFile(segment.number));
      this.#writer = await SegmentWriter.open(path, segment.bytes, this.#options.io);
    }
    if (this.#active === undefined) this.#nextNumber += 1;
    this.#active = segment;
    return { segment, writer: this.#writer };
  }

  /** The next append begins a new segment. A checkpoint that can't be written now is made up for by the next one. */
  async #close(): Promise<void> {
    const segment = this.#active;
    if (segment === undefined || segment.records === 0) return;
    const writer = this.#writer;
    this.#active = undefined;
    this.#writer = undefined;
    this.#closed.push(segment);
    await writer?.close();
    await this.#checkpoint();
    this.#options.onClosed();
  }

  async #checkpoint(): Promise<void> {
    const segments = [...this.#closed];
    try {
      await writeCheckpoint(this.#options.dir, { format: 1, held: this.#held.toJSON(), segments });
      this.#checkpointed = new Set(segments.map(({ number }) => number));
    } catch (thrown) {
      if (!ShoalError.is(thrown)) throw thrown;
    }
  }

  /**
   * Closes the open segment when its first batch came before `time`, so that retention by age can take it later, and makes up for a
   * checkpoint that couldn't be written.
   */
  async maintain(time: number): Promise<void> {
    await this.#idle();
    const old = this.#active !== undefined && this.#active.firstReceived < time;
    const missing = this.#closed.some(({ number }) => !this.#checkpointed.has(number));
    if (this.#stopped || !(old || missing)) return;
    this.#busy = this.#work(() => (old ? this.#close() : this.#checkpoint()));
    await this.#busy;
  }

  /** Until nothing is under way. What fails there is told to those who asked for it. */
  async #idle(): Promise<void> {
    while (this.#busy !== undefined) await this.#busy.catch(() => undefined);
  }

  async delete(segment: Readonly<Segment>): Promise<void> {
    const index = this.#closed.findIndex(({ number }) => number === segment.number);
    if (index === -1 || !this.#checkpointed.has(segment.number)) return;
    this.#closed.splice(index, 1);
    await rm(join(this.#options.dir, segmentFile(segment.number)), { force: true });
  }

  /** What was appended is written; then no more is taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#idle();
    await this.#writer?.close();
    this.#writer = undefined;
  }
}
