import { ShoalError } from '@shoal/common';
import { BoundedQueue } from './bounded-queue.js';
import type { Change } from './store.js';

/** Changes that a watcher may lag behind, and that are kept for `fromRevision`. */
const keptChanges = 10_000;

interface Watcher {
  readonly prefix: string;
  readonly queue: BoundedQueue<Change>;
}

/** The newest changes of a store in memory, and those who watch them. Both stores tell it what they committed. */
export class ChangeLog {
  readonly #watchers = new Set<Watcher>();
  readonly #kept: Change[] = [];
  /** Committed out of order (group commit); held back until the revisions before them are told. */
  readonly #early = new Map<number, readonly Change[]>();
  /** Newest revision that was told. */
  #revision: number;
  /** Changes after this revision are kept. */
  #oldest: number;

  constructor(revision: number) {
    this.#revision = revision;
    this.#oldest = revision;
  }

  /** Tells the changes of one committed revision; watchers see revisions in order whatever the order of the calls. */
  committed(revision: number, changes: readonly Change[]): void {
    this.#early.set(revision, changes);
    for (;;) {
      const next = this.#early.get(this.#revision + 1);
      if (next === undefined) return;
      this.#revision += 1;
      this.#early.delete(this.#revision);
      this.#tell(next);
    }
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#kept.push(change);
      for (const watcher of this.#watchers) {
        if (change.key.startsWith(watcher.prefix)) watcher.queue.push(change);
      }
    }
    while (this.#kept.length > keptChanges) {
      const dropped = this.#kept.shift();
      if (dropped !== undefined) this.#oldest = dropped.revision;
    }
  }

  /** See `Store.watch`. */
  watch(
    prefix: string,
    options: { readonly signal: AbortSignal; readonly fromRevision?: number },
  ): AsyncIterable<Change> {
    const { signal, fromRevision } = options;
    const end = (): void => watcher.queue.end();
    const watcher: Watcher = {
      prefix,
      queue: new BoundedQueue<Change>(keptChanges, () => {
        this.#watchers.delete(watcher);
        signal.removeEventListener('abort', end);
      }),
    };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    if (fromRevision !== undefined) this.#replay(watcher, fromRevision);
    return watcher.queue;
  }

  #replay(watcher: Watcher, fromRevision: number): void {
    if (fromRevision < this.#oldest) {
      watcher.queue.fail(
        new ShoalError('not_found', `Changes after revision ${fromRevision} are no longer kept`, {
          hint: `The oldest revision to watch from is ${this.#oldest}; read the present state instead.`,
        }),
      );
      return;
    }
    for (const change of this.#kept) {
      if (change.revision > fromRevision && change.key.startsWith(watcher.prefix)) watcher.queue.push(change);
    }
  }

  /** Ends every watch. */
  close(): void {
    for (const watcher of [...this.#watchers]) watcher.queue.end();
  }
}
