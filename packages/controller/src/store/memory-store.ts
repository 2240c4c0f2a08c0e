import { ChangeLog } from './change-log.js';
import { checkKey, checkListLimit, checkTransaction, closedError } from './checks.js';
import type { Change, Entry, ListOptions, Store, Transaction, TransactionResult, Write } from './store.js';

/** Order of keys as bytes of UTF-8, which differs from that of UTF-16 code units above U+D800. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A `Store` in memory: for tests, and as the simplest statement of the contract. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>();
  readonly #log = new ChangeLog(0);
  #revision = 0;
  #closed = false;

  #checkOpen(): void {
    if (this.#closed) throw closedError();
  }

  async revision(): Promise<number> {
    this.#checkOpen();
    return this.#revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#checkOpen();
    checkKey(key);
    return this.#entries.get(key);
  }

  async list(prefix: string, options?: ListOptions): Promise<readonly Entry[]> {
    this.#checkOpen();
    const limit = checkListLimit(options);
    const direction = options?.reverse === true ? -1 : 1;
    const after = options?.after;
    return [...this.#entries.values()]
      .filter((entry) => entry.key.startsWith(prefix))
      .filter((entry) => after === undefined || compareBytes(entry.key, after) * direction > 0)
      .sort((a, b) => compareBytes(a.key, b.key) * direction)
      .slice(0, limit);
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    this.#checkOpen();
    checkTransaction(transaction);
    const compare = transaction.compare ?? [];
    if (compare.some(({ key, modRevision }) => (this.#entries.get(key)?.modRevision ?? 0) !== modRevision)) {
      const entries = new Map(compare.map(({ key }) => [key, this.#entries.get(key)]));
      return { committed: false, revision: this.#revision, entries };
    }
    if (transaction.writes.length > 0) {
      this.#revision += 1;
      this.#log.committed(
        this.#revision,
        transaction.writes.map((write) => this.#write(write)),
      );
    }
    return { committed: true, revision: this.#revision };
  }

  #write(write: Write): Change {
    const revision = this.#revision;
    const { key } = write;
    if (write.type === 'delete') {
      this.#entries.delete(key);
      return { key, entry: undefined, revision };
    }
    const createRevision = this.#entries.get(key)?.createRevision ?? revision;
    const entry = { key, value: Uint8Array.from(write.value), createRevision, modRevision: revision };
    this.#entries.set(key, entry);
    return { key, entry, revision };
  }

  watch(
    prefix: string,
    options: { readonly signal: AbortSignal; readonly fromRevision?: number },
  ): AsyncIterable<Change> {
    this.#checkOpen();
    return this.#log.watch(prefix, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#log.close();
  }
}
