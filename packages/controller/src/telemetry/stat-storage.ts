import type { Logger, StatSample__Output, StatSeries } from '@shoal/common';
import type { StatQuery, StatStorage } from '../services.js';
import { blocksOf, recordsOf } from './block.js';
import type { Journal, JournalRecord } from './journal.js';
import { JournalSet, type Retention } from './journal-set.js';
import type { DiskIo } from './segment-writer.js';
import { StatBuckets } from './stat-buckets.js';
import { type Sample, StatRing } from './stat-ring.js';

export interface StatStorageOptions {
  /** Holds one folder a node. */
  readonly dir: string;
  readonly retention: Retention;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Samples of each node that are kept in memory. Default 360: an hour at one in 10 s. */
  readonly recentSamples?: number;
  /** Told when retention fails in the background. */
  readonly logger?: Logger;
  /** For tests that make the disk fail. */
  readonly io?: Partial<DiskIo>;
  /** For tests. */
  readonly segmentBytes?: number;
}

/** A stat storage that is open, with what metrics tell of it. */
export interface OpenStatStorage extends StatStorage {
  /** Samples kept since it was opened. */
  readonly samples: number;
  /** Size on disk. */
  readonly bytes: number;
  /** Deletes what is too old or too much; done by itself every minute. */
  retain(): Promise<void>;
  close(): Promise<void>;
}

const hourMs = 3_600_000;
const defaultPoints = 360;

type StoredSample = readonly [sequence: number, at: number, values: Readonly<Record<string, number>>];

/** What is held of one node in memory. */
class Recent {
  readonly ring: StatRing;
  latest: Sample | undefined;
  /** Samples that were not read back when the storage was opened lie on disk only. */
  complete = true;

  constructor(capacity: number) {
    this.ring = new StatRing(capacity);
  }

  add(sample: Sample): void {
    this.ring.add(sample);
    if (this.latest === undefined || sample.at >= this.latest.at) this.latest = sample;
  }

  /** Whether nothing since that time is missing. */
  covers(since: number): boolean {
    return (this.complete && !this.ring.overflowed) || this.ring.earliest <= since;
  }
}

class FileStatStorage implements OpenStatStorage {
  readonly #options: StatStorageOptions;
  readonly #journals: JournalSet<Sample>;
  readonly #recent: Map<string, Recent>;
  readonly #stored: { samples: number };

  constructor(
    options: StatStorageOptions,
    journals: JournalSet<Sample>,
    recent: Map<string, Recent>,
    stored: { samples: number },
  ) {
    this.#options = options;
    this.#journals = journals;
    this.#recent = recent;
    this.#stored = stored;
  }

  get samples(): number {
    return this.#stored.samples;
  }

  get bytes(): number {
    return this.#journals.bytes;
  }

  append(node: string, spoolId: string, samples: readonly StatSample__Output[]): Promise<number> {
    const now = this.#options.now();
    return this.#journals.append(
      node,
      spoolId,
      samples.map((sample) => toRecord(sample, now)),
    );
  }

  async query(query: StatQuery): Promise<readonly StatSeries[]> {
    const until = query.until ?? this.#options.now();
    const since = query.since ?? until - hourMs;
    const buckets = new StatBuckets(since, until, query.points ?? defaultPoints);
    const wanted = query.metrics === undefined ? undefined : new Set(query.metrics);
    for (const node of query.node === undefined ? this.#journals.nodes : [query.node]) {
      const recent = this.#recent.get(node);
      const journal = this.#journals.get(node);
      if (recent?.covers(since)) {
        recent.ring.each(wanted, (metric, at, value) => buckets.add(node, metric, at, value));
      } else if (journal !== undefined) {
        await eachSample(journal, since, until, ({ at, values }) => {
          for (const [metric, value] of Object.entries(values)) {
            if (wanted === undefined || wanted.has(metric)) buckets.add(node, metric, at, value);
          }
        });
      }
    }
    return buckets.series();
  }

  latest(node?: string): readonly { node: string; at: number; values: Readonly<Record<string, number>> }[] {
    return [...this.#recent]
      .filter(([name]) => node === undefined || name === node)
      .flatMap(([name, { latest }]) => (latest === undefined ? [] : [{ node: name, ...latest }]))
      .sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  retain(): Promise<void> {
    return this.#journals.retain();
  }

  close(): Promise<void> {
    return this.#journals.close();
  }
}

function toRecord(sample: StatSample__Output, now: number): JournalRecord<Sample> {
  const at = Number.isSafeInteger(sample.atMs) && sample.atMs > 0 ? sample.atMs : now;
  const values = Object.fromEntries(
    Object.entries(sample.values).filter(([, value]) => Number.isFinite(value)),
  );
  const stored: StoredSample = [sample.sequence, at, values];
  return { sequence: sample.sequence, at, text: JSON.stringify(stored), item: { at, values } };
}

/** The samples of a journal within a range of time, in the order of their coming. Other work gets its turn between segments. */
async function eachSample(
  journal: Journal<Sample>,
  since: number,
  until: number,
  take: (sample: Sample) => void,
): Promise<void> {
  for (const segment of [...journal.segments]) {
    if (segment.max < since || segment.min > until) continue;
    const data = await journal.read(segment);
    for (const block of blocksOf(data, false)) {
      if (block.header.max < since || block.header.min > until) continue;
      for (const [, at, values] of recordsOf<StoredSample>(data, block)) take({ at, values });
    }
  }
}

/** Opens the storage of samples, and reads the last hour back into memory. */
export async function openStatStorage(options: StatStorageOptions): Promise<OpenStatStorage> {
  const recent = new Map<string, Recent>();
  const stored = { samples: 0 };
  const recentOf = (node: string): Recent => {
    const known = recent.get(node) ?? new Recent(options.recentSamples ?? 360);
    recent.set(node, known);
    return known;
  };
  const journals = await JournalSet.open<Sample>({
    ...options,
    onStored: (node, { records }) => {
      stored.samples += records.length;
      for (const { item } of records) recentOf(node).add(item);
    },
  });
  const since = options.now() - hourMs;
  for (const node of journals.nodes) {
    const journal = journals.get(node);
    if (journal === undefined) continue;
    const held = recentOf(node);
    held.complete = journal.segments.every((segment) => segment.records === 0 || segment.min >= since);
    await eachSample(journal, since, Number.POSITIVE_INFINITY, (sample) => held.add(sample));
  }
  return new FileStatStorage(options, journals, recent, stored);
}
