import type { FileHandle } from 'node:fs/promises';
import { mkdir, unlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ShoalError } from '@shoal/common';
import type { Logger } from 'pino';
import type { Position, SpoolRecord } from './entry.js';
import { createSegment, type OpenedSpool, openSpoolFiles } from './recover.js';
import { movePositions, type Segment, SegmentReader } from './segment.js';

/** How a spool is kept. */
export interface SpoolOptions {
  readonly directory: string;
  /** Bytes on disk above which nothing more is taken in until something is acknowledged. */
  readonly maxBytes: number;
  /** Size at which the next segment is begun. Default: an eighth of `maxBytes`, at most 4 MiB. */
  readonly segmentBytes?: number;
  /** Least time between two syncs, milliseconds: what a power cut can cost of what isn't shipped. Default 1000. */
  readonly syncIntervalMs?: number;
  /** Wait after a failed write (disk full) before it is tried again, milliseconds. Default 2000. */
  readonly retryMs?: number;
  readonly now?: () => number;
  readonly logger: Logger;
  /** Writes all of `data` at the file's end; a seam for tests of a full disk. */
  readonly write?: (file: FileHandle, data: Buffer) => Promise<void>;
}

/** What is appended: a payload, and where its source has been read to by it. */
export interface SpoolInput<T> {
  readonly payload: T;
  readonly key?: string;
  readonly position?: Position;
}

/**
 * A bounded queue on disk. Records get rising sequence numbers, are given out once they are durable and deleted, a segment at a
 * time, once they are acknowledged. Each record is written together with its source's position, in one line: after a crash the
 * positions are exactly those of the records that survived, so that nothing is read twice or skipped.
 */
export class Spool<T> {
  /** Random, made with the spool; sequence numbers are counted within it. */
  readonly id: string;
  /** When the spool was made, milliseconds since the epoch. */
  readonly createdAt: number;
  readonly #options: Required<SpoolOptions>;
  readonly #positions: Map<string, Position>;
  readonly #segments: Segment[];
  #current: FileHandle;
  #last: number;
  #durable: number;
  #acked: number;
  #ackWritten: number;
  #reader: SegmentReader<T> | undefined;
  #readerAfter = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #syncTimer: NodeJS.Timeout | undefined;
  #syncedAt = 0;
  #blocked: ShoalError | undefined;
  #closed = false;
  readonly #roomWaiters = new Set<() => void>();
  readonly #durableListeners = new Set<() => void>();

  private constructor(options: Required<SpoolOptions>, opened: OpenedSpool) {
    this.#options = options;
    this.id = opened.id;
    this.createdAt = opened.createdAt;
    this.#positions = opened.positions;
    this.#segments = opened.segments;
    this.#current = opened.current;
    this.#last = opened.last;
    this.#durable = opened.last;
    this.#acked = opened.acked;
    this.#ackWritten = opened.acked;
  }

  /** Opens the spool in `directory`, made if missing. What can't be read any more is moved aside and logged, never a reason not to start. */
  static async open<T>(options: SpoolOptions): Promise<Spool<T>> {
    const full = withDefaults(options);
    await mkdir(full.directory, { recursive: true, mode: 0o700 });
    return new Spool<T>(full, await openSpoolFiles(full.directory, full.now(), full.logger));
  }

  /** Where each source has been read to. */
  get positions(): ReadonlyMap<string, Position> {
    return this.#positions;
  }

  /** Highest sequence number that survives a power cut; what may be shipped. */
  get durable(): number {
    return this.#durable;
  }

  /** Highest sequence number that the controller holds. */
  get acked(): number {
    return this.#acked;
  }

  /** Highest sequence number given so far. */
  get last(): number {
    return this.#last;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** False while nothing can be taken in: too much waits to be shipped, or the disk is full. */
  get hasRoom(): boolean {
    return this.#blocked === undefined && this.bytes < this.#options.maxBytes;
  }

  /** Calls back whenever `durable` rose. Returns the function that ends it. */
  onDurable(listener: () => void): () => void {
    this.#durableListeners.add(listener);
    return () => this.#durableListeners.delete(listener);
  }

  /**
   * Appends records once there is room for them, and resolves when they are written (not yet synced). A failing write is tried
   * again until `signal` aborts.
   */
  async append(inputs: readonly SpoolInput<T>[], signal: AbortSignal): Promise<void> {
    if (inputs.length === 0) return;
    for (;;) {
      while (!this.hasRoom && this.#blocked === undefined) await this.#waitForRoom(signal);
      signal.throwIfAborted();
      try {
        await this.#serially(() => this.#write(inputs));
        return;
      } catch (error) {
        this.#block(error);
        await pause(this.#options.retryMs, undefined, { signal });
      }
    }
  }

  /** Records positions that moved without a record. Null: the source's file is done with. */
  async mark(moved: Readonly<Record<string, Position | null>>): Promise<void> {
    await this.#serially(async () => {
      await this.#writeLines([JSON.stringify({ m: moved })]);
      movePositions(this.#positions, moved);
    });
  }

  /** The next durable records after `after`, in order; at most about 256 KiB of them. Empty: none now. */
  async read(after: number): Promise<readonly SpoolRecord<T>[]> {
    let from = Math.max(after, this.#acked);
    while (from < this.#durable) {
      const reader = await this.#readerFor(from);
      if (reader === undefined) return [];
      const read = await reader.next(this.#durable);
      this.#readerAfter = read.at(-1)?.sequence ?? this.#readerAfter;
      const records = read.filter((record) => record.sequence > from);
      if (records.length > 0) return records;
      if (read.length > 0 || !reader.exhausted) continue;
      const { path, last } = reader.segment;
      this.#options.logger.error(
        { file: path },
        'records of a spool segment cannot be read; they are skipped',
      );
      from = last;
    }
    return [];
  }

  async #readerFor(after: number): Promise<SegmentReader<T> | undefined> {
    const segment = this.#segments.find((candidate) => candidate.last > after);
    if (segment === undefined) return undefined;
    if (this.#reader?.segment === segment && this.#readerAfter <= after) return this.#reader;
    await this.#reader?.close();
    this.#reader = undefined;
    this.#reader = await SegmentReader.open<T>(segment);
    this.#readerAfter = segment.first - 1;
    return this.#reader;
  }

  /** The controller holds everything up to `sequence`: segments that are wholly held are deleted. */
  acknowledge(sequence: number): void {
    const acked = Math.min(sequence, this.#last);
    if (acked <= this.#acked) return;
    this.#acked = acked;
    this.#scheduleSync();
    void this.#serially(() => this.#deleteAcknowledged()).catch((error: unknown) =>
      this.#options.logger.warn({ err: error }, 'deleting shipped log segments failed'),
    );
  }

  /** Writes down what is pending, and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#serially(() => this.#sync()).catch(() => undefined);
    this.#closed = true;
    clearTimeout(this.#syncTimer);
    for (const wake of [...this.#roomWaiters]) wake();
    await this.#queue.catch(() => undefined);
    await this.#reader?.close();
    await this.#current.close();
  }

  async #serially<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#queue.then(() => {
      if (this.#closed) throw new ShoalError('failed_precondition', 'the spool is closed');
      return work();
    });
    this.#queue = result.catch(() => undefined);
    return await result;
  }

  async #write(inputs: readonly SpoolInput<T>[]): Promise<void> {
    await this.#rotateWhenLarge();
    let sequence = this.#last;
    const lines = inputs.map(({ payload, key, position }) => {
      sequence += 1;
      return JSON.stringify({ q: sequence, d: payload, k: key, p: position });
    });
    await this.#writeLines(lines);
    for (const { key, position } of inputs) {
      if (key !== undefined && position !== undefined) this.#positions.set(key, position);
    }
    this.#last = sequence;
    const segment = this.#segments.at(-1);
    if (segment !== undefined) segment.last = sequence;
    this.#scheduleSync();
  }

  async #writeLines(lines: readonly string[]): Promise<void> {
    const segment = this.#segments.at(-1);
    if (segment === undefined) throw new ShoalError('internal', 'the spool has no segment');
    const data = Buffer.from(`${lines.join('\n')}\n`);
    try {
      await this.#options.write(this.#current, data);
    } catch (error) {
      await this.#current.truncate(segment.bytes).catch(() => undefined);
      throw error;
    }
    segment.bytes += data.length;
    if (this.#blocked !== undefined) {
      this.#blocked = undefined;
      this.#options.logger.info({ directory: this.#options.directory }, 'the spool can be written again');
    }
  }

  #block(error: unknown): void {
    if (this.#blocked === undefined) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.logger.error(
        { directory: this.#options.directory, reason },
        'the spool cannot be written; log files are read on once it can',
      );
    }
    this.#blocked = ShoalError.from(error, 'resource_exhausted');
  }

  async #rotateWhenLarge(): Promise<void> {
    const segment = this.#segments.at(-1);
    if (segment === undefined || segment.bytes < this.#options.segmentBytes) return;
    if (segment.last >= segment.first) await this.#rotate();
  }

  async #rotate(): Promise<void> {
    await this.#sync();
    const next = await createSegment(this.#options.directory, {
      spool: this.id,
      created: this.createdAt,
      next: this.#last + 1,
      acked: this.#acked,
      positions: Object.fromEntries(this.#positions),
    });
    const old = this.#current;
    this.#current = next.file;
    this.#segments.push(next.segment);
    await old.close();
  }

  async #deleteAcknowledged(): Promise<void> {
    const current = this.#segments.at(-1);
    const worthCutting = current !== undefined && current.bytes * 4 >= this.#options.segmentBytes;
    if (worthCutting && current.last <= this.#acked && current.last >= current.first) await this.#rotate();
    while (this.#segments.length > 1) {
      const oldest = this.#segments[0];
      if (oldest === undefined || oldest.last > this.#acked) break;
      if (this.#reader?.segment === oldest) {
        await this.#reader.close();
        this.#reader = undefined;
      }
      await unlink(oldest.path);
      this.#segments.shift();
    }
    if (this.hasRoom) for (const wake of [...this.#roomWaiters]) wake();
  }

  #scheduleSync(): void {
    if (this.#syncTimer !== undefined || this.#closed) return;
    const due = this.#syncedAt + this.#options.syncIntervalMs - this.#options.now();
    const delay = Math.min(Math.max(due, 20), this.#options.syncIntervalMs);
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = undefined;
      this.#serially(() => this.#sync()).catch((error: unknown) => {
        if (this.#closed) return;
        this.#block(error);
        this.#scheduleSync();
      });
    }, delay);
    this.#syncTimer.unref();
  }

  async #sync(): Promise<void> {
    this.#syncedAt = this.#options.now();
    if (this.#ackWritten < this.#acked) {
      await this.#writeLines([JSON.stringify({ a: this.#acked })]);
      this.#ackWritten = this.#acked;
    }
    const written = this.#last;
    await this.#current.datasync();
    if (written <= this.#durable) return;
    this.#durable = written;
    for (const listener of this.#durableListeners) listener();
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#closed) throw new ShoalError('failed_precondition', 'the spool is closed');
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#roomWaiters.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#roomWaiters.add(wake);
      signal.addEventListener('abort', wake);
    });
    if (this.#closed) throw new ShoalError('failed_precondition', 'the spool is closed');
  }
}

function withDefaults(options: SpoolOptions): Required<SpoolOptions> {
  return {
    segmentBytes: Math.min(4 * 1024 * 1024, Math.ceil(options.maxBytes / 8)),
    syncIntervalMs: 1000,
    retryMs: 2000,
    now: Date.now,
    write: (file, data) => file.appendFile(data),
    ...options,
  };
}
