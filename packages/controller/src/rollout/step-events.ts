import type { Logger, StepEventView } from '@shoal/common';
import { decodeJson, numberKey, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';

/** Events that are kept of one rollout; those after are dropped, and the last one kept says so. */
const keptPerRollout = 5000;
/** Longest text of an event, in characters. */
const longestText = 8192;
const flushIntervalMs = 1000;
/** Events of one stored value, by their size in characters. */
const chunkChars = 200_000;

/** What steps told during rollouts: kept in the store (`rollout-events/<revision>/<chunk>`), written within a second. */
export class StepEvents {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  readonly #pending = new Map<number, StepEventView[]>();
  /** Revision to how many events are kept and how many chunks are written. */
  readonly #counts = new Map<number, { events: number; chunks: number }>();
  #flushing: Promise<void> = Promise.resolve();

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.flush(), flushIntervalMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Takes an event; gives it back as it is kept (long texts are cut), or undefined when the rollout has too many. */
  append(event: StepEventView): StepEventView | undefined {
    const pending = this.#pending.get(event.revision) ?? [];
    const held = (this.#counts.get(event.revision)?.events ?? 0) + pending.length;
    if (held > keptPerRollout) return undefined;
    const text = held === keptPerRollout ? '(more is not kept)' : event.text.slice(0, longestText);
    const kept = { ...event, text };
    pending.push(kept);
    this.#pending.set(event.revision, pending);
    return kept;
  }

  /** Every event of a rollout, in the order of arrival. */
  async list(revision: number): Promise<readonly StepEventView[]> {
    const events: StepEventView[] = [];
    const entries = await this.#store.list(keys.rolloutEvents(revision), { limit: 10_000 });
    for (const entry of entries) events.push(...decodeJson<StepEventView[]>(entry));
    return [...events, ...(this.#pending.get(revision) ?? [])];
  }

  /** Writes what is pending. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  async #write(): Promise<void> {
    for (const [revision, events] of [...this.#pending]) {
      try {
        const count = await this.#count(revision);
        const chunk = firstChunk(events);
        const key = `${keys.rolloutEvents(revision)}${numberKey(count.chunks)}`;
        await this.#store.transact({ writes: [putJson(key, chunk)] });
        events.splice(0, chunk.length);
        count.events += chunk.length;
        count.chunks += 1;
        if (events.length === 0) this.#pending.delete(revision);
      } catch (error) {
        this.#logger.warn({ err: error, revision }, 'step events not persisted');
      }
    }
  }

  async #count(revision: number): Promise<{ events: number; chunks: number }> {
    const known = this.#counts.get(revision);
    if (known !== undefined) return known;
    const entries = await this.#store.list(keys.rolloutEvents(revision), { limit: 10_000 });
    const events = entries.reduce((sum, entry) => sum + decodeJson<unknown[]>(entry).length, 0);
    const count = { events, chunks: entries.length };
    this.#counts.set(revision, count);
    return count;
  }
}

function firstChunk(events: readonly StepEventView[]): StepEventView[] {
  const chunk: StepEventView[] = [];
  let size = 0;
  for (const event of events) {
    size += event.text.length + 200;
    if (chunk.length > 0 && size > chunkChars) break;
    chunk.push(event);
  }
  return chunk;
}
