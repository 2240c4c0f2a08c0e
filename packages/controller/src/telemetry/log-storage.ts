import { type Logger, type LogLine, type LogRecord__Output, ShoalError } from '@shoal/common';
import type { LogQuery, LogStorage } from '../services.js';
import { BoundedQueue } from '../store/bounded-queue.js';
import type { StoredBatch } from './journal.js';
import { JournalSet, type Retention } from './journal-set.js';
import { createLineMatcher } from './line-matcher.js';
import { cursorOf, fits, type StoredLine, toJournalRecord, toLogLine } from './log-line.js';
import { searchLogs } from './log-search.js';
import type { DiskIo } from './segment-writer.js';

export interface LogStorageOptions {
  /** Holds one folder a node. */
  readonly dir: string;
  readonly retention: Retention;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Told when retention fails in the background. */
  readonly logger?: Logger;
  /** For tests that make the disk fail. */
  readonly io?: Partial<DiskIo>;
  /** For tests. */
  readonly segmentBytes?: number;
}

/** A log storage that is open, with what metrics tell of it. */
export interface OpenLogStorage extends LogStorage {
  /** Lines kept and duplicates dropped since it was opened. */
  readonly counts: { readonly lines: number; readonly duplicates: number };
  /** Size on disk. */
  readonly bytes: number;
  /** Deletes what is too old or too much; done by itself every minute. */
  retain(): Promise<void>;
  /** Ends all followers; what was appended is durable. */
  close(): Promise<void>;
}

/** Lines that a follower may lag behind. */
const mostLag = 10_000;
const defaultBacklog = 20;
/** A follower's pattern runs whenever lines come, so it must be quicker than a search's. */
const followBudgetMs = 100;

type Follower = (node: string, batch: StoredBatch<StoredLine>) => void;

class FileLogStorage implements OpenLogStorage {
  readonly #now: () => number;
  readonly #journals: JournalSet<StoredLine>;
  readonly #followers: Set<Follower>;
  readonly #queues = new Set<BoundedQueue<LogLine>>();
  #lines = 0;
  #offered = 0;

  constructor(now: () => number, journals: JournalSet<StoredLine>, followers: Set<Follower>) {
    this.#now = now;
    this.#journals = journals;
    this.#followers = followers;
    followers.add((_node, { records }) => {
      this.#lines += records.length;
    });
  }

  get counts(): { readonly lines: number; readonly duplicates: number } {
    return { lines: this.#lines, duplicates: this.#offered - this.#lines };
  }

  get bytes(): number {
    return this.#journals.bytes;
  }

  async append(node: string, spoolId: string, records: readonly LogRecord__Output[]): Promise<number> {
    const now = this.#now();
    const converted = records.map((record) => toJournalRecord(record, now));
    const upto = await this.#journals.append(node, spoolId, converted);
    this.#offered += records.length;
    return upto;
  }

  search(query: LogQuery): Promise<{ lines: readonly LogLine[]; truncated: boolean }> {
    return searchLogs(this.#journals, query);
  }

  async *follow(
    query: LogQuery & { readonly backlog?: number },
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const { queue, stop } = this.#subscribe(query);
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) return;
      const limit = query.backlog ?? defaultBacklog;
      const backlog = limit === 0 ? [] : (await this.search({ ...query, limit })).lines;
      // Lines that became durable while the backlog was read are in both.
      const told = new Set(backlog.map(({ cursor }) => cursor));
      for (const line of backlog) {
        if (signal.aborted) return;
        yield line;
      }
      for await (const line of queue) {
        if (!told.delete(line.cursor)) yield line;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  #subscribe(query: LogQuery): { queue: BoundedQueue<LogLine>; stop: () => void } {
    const matcher = query.grep === undefined ? undefined : createLineMatcher(query.grep, followBudgetMs);
    const follower: Follower = (node, { segment, offset, records }) => {
      if (query.node !== undefined && query.node !== node) return;
      const lines = records.flatMap(({ item }, index) =>
        fits(item, query) ? [toLogLine(node, item, cursorOf(node, segment, offset, index))] : [],
      );
      const matches = matcher?.(lines);
      for (const [index, line] of lines.entries()) {
        if (matches === undefined || matches[index] === true) queue.push(line);
      }
    };
    const queue = new BoundedQueue<LogLine>(mostLag, () => {
      this.#followers.delete(guarded);
      this.#queues.delete(queue);
    });
    // A pattern that runs away ends its follower, not the append.
    const guarded: Follower = (node, batch) => {
      try {
        follower(node, batch);
      } catch (thrown) {
        queue.fail(ShoalError.from(thrown));
      }
    };
    this.#followers.add(guarded);
    this.#queues.add(queue);
    return { queue, stop: () => void queue.return() };
  }

  retain(): Promise<void> {
    return this.#journals.retain();
  }

  async close(): Promise<void> {
    for (const queue of [...this.#queues]) queue.end();
    await this.#journals.close();
  }
}

/** Opens the storage of log lines; what a crash left half written is cut off. */
export async function openLogStorage(options: LogStorageOptions): Promise<OpenLogStorage> {
  const followers = new Set<Follower>();
  const journals = await JournalSet.open<StoredLine>({
    ...options,
    onStored: (node, batch) => {
      for (const follower of followers) follower(node, batch);
    },
  });
  return new FileLogStorage(options.now, journals, followers);
}
