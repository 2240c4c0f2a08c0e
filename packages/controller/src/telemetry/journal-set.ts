import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, ShoalError, validateNodeName } from '@shoal/common';
import { Journal, type JournalRecord, type StoredBatch } from './journal.js';
import type { Segment } from './segment.js';
import { type DiskIo, realDisk } from './segment-writer.js';

/** How much of the past is kept: what is older, and the oldest beyond the size, goes. */
export interface Retention {
  readonly ageMs: number;
  /** Of all nodes together. */
  readonly bytes: number;
}

export interface JournalSetOptions<T> {
  /** Holds one folder a node. */
  readonly dir: string;
  readonly retention: Retention;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly io?: Partial<DiskIo>;
  /** Default: 8 MiB, less when retention keeps less than 64 MiB. */
  readonly segmentBytes?: number;
  /** Told when retention fails in the background. */
  readonly logger?: Logger;
  readonly onStored: (node: string, batch: StoredBatch<T>) => void;
}

const mib = 1024 * 1024;
const retentionTickMs = 60_000;
const dayMs = 86_400_000;

/** The journals of all nodes, and what is kept of them. */
export class JournalSet<T> {
  readonly #options: JournalSetOptions<T>;
  readonly #journals = new Map<string, Journal<T>>();
  readonly #opening = new Map<string, Promise<Journal<T>>>();
  readonly #timer: NodeJS.Timeout;
  #retaining: Promise<void> | undefined;
  #closed = false;

  private constructor(options: JournalSetOptions<T>) {
    this.#options = options;
    this.#timer = setInterval(() => this.#retainLater(), retentionTickMs);
    this.#timer.unref();
  }

  static async open<T>(options: JournalSetOptions<T>): Promise<JournalSet<T>> {
    await mkdir(options.dir, { recursive: true, mode: 0o700 });
    const set = new JournalSet(options);
    const entries = await readdir(options.dir, { withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) await set.#journal(entry.name);
    await set.retain();
    return set;
  }

  get nodes(): readonly string[] {
    return [...this.#journals.keys()];
  }

  get bytes(): number {
    return [...this.#journals.values()].reduce((sum, journal) => sum + journal.bytes, 0);
  }

  /** The journal of a node, when it ever sent anything. */
  get(node: string): Journal<T> | undefined {
    return this.#journals.get(node);
  }

  async append(node: string, spool: string, records: readonly JournalRecord<T>[]): Promise<number> {
    if (this.#closed) throw new ShoalError('unavailable', 'the telemetry storage is closed');
    return (await this.#journal(node)).append(spool, records);
  }

  async #journal(node: string): Promise<Journal<T>> {
    const known = this.#journals.get(node) ?? this.#opening.get(node);
    if (known !== undefined) return known;
    // The name becomes a folder's.
    validateNodeName(node);
    const opening = Journal.open<T>({
      dir: join(this.#options.dir, node),
      now: this.#options.now,
      io: { ...realDisk, ...this.#options.io },
      segmentBytes:
        this.#options.segmentBytes ?? Math.min(8 * mib, Math.ceil(this.#options.retention.bytes / 8)),
      onStored: (batch) => this.#options.onStored(node, batch),
      onClosed: () => this.#retainLater(),
    });
    this.#opening.set(node, opening);
    try {
      const journal = await opening;
      this.#journals.set(node, journal);
      return journal;
    } finally {
      this.#opening.delete(node);
    }
  }

  /** Deletes what is too old or too much. Also done every minute and whenever a segment is closed. */
  retain(): Promise<void> {
    this.#retaining ??= this.#retain().finally(() => {
      this.#retaining = undefined;
    });
    return this.#retaining;
  }

  /** In the background: what fails is tried again a minute later. */
  #retainLater(): void {
    this.retain().catch((err: unknown) =>
      this.#options.logger?.warn({ err }, 'retention of telemetry failed'),
    );
  }

  async #retain(): Promise<void> {
    const { ageMs, bytes } = this.#options.retention;
    const oldest = this.#options.now() - ageMs;
    const journals = [...this.#journals.values()];
    for (const journal of journals) await journal.maintain(this.#options.now() - Math.min(dayMs, ageMs / 4));
    const segments: { readonly journal: Journal<T>; readonly segment: Readonly<Segment> }[] = journals
      .flatMap((journal) => journal.deletable.map((segment) => ({ journal, segment })))
      .sort((a, b) => a.segment.received - b.segment.received);
    let total = this.bytes;
    for (const { journal, segment } of segments) {
      if (segment.received >= oldest && total <= bytes) continue;
      total -= segment.bytes;
      await journal.delete(segment);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#retaining?.catch(() => undefined);
    for (const journal of this.#journals.values()) await journal.stop();
  }
}
