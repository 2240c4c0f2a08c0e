import { chmod, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '@shoal/common';
import { type Database, open, type RootDatabase } from 'lmdb';
import { ChangeLog } from './change-log.js';
import { checkKey, checkListLimit, checkTransaction, closedError } from './checks.js';
import type { Change, Entry, ListOptions, Store, Transaction, TransactionResult, Write } from './store.js';

const revisionKey = Buffer.from('revision');
/** A value is preceded by the two revisions of its entry, 64 bit each, big-endian. */
const headerBytes = 16;
/** LMDB's and the system's ways to say that there is no room: MDB_MAP_FULL, ENOSPC, EDQUOT. */
const fullCodes = new Set([-30792, 28, 122]);
/** A write that was cut short for want of room is told by LMDB as EIO; below this many free bytes that is what it was. */
const fullBelowBytes = 8 * 1024 * 1024;

type Bytes = Database<Buffer, Buffer>;

function decode(key: string, stored: Buffer): Entry {
  return {
    key,
    value: Uint8Array.prototype.slice.call(stored, headerBytes),
    createRevision: Number(stored.readBigUInt64BE(0)),
    modRevision: Number(stored.readBigUInt64BE(8)),
  };
}

function encode(entry: Entry): Buffer {
  const stored = Buffer.allocUnsafe(headerBytes + entry.value.byteLength);
  stored.writeBigUInt64BE(BigInt(entry.createRevision), 0);
  stored.writeBigUInt64BE(BigInt(entry.modRevision), 8);
  stored.set(entry.value, headerBytes);
  return stored;
}

/** First key after all that start with `prefix`, in byte order; undefined: none. */
function prefixEnd(prefix: Buffer): Buffer | undefined {
  for (let length = prefix.length; length > 0; length -= 1) {
    const last = prefix[length - 1] ?? 0xff;
    if (last < 0xff) return Buffer.concat([prefix.subarray(0, length - 1), Buffer.of(last + 1)]);
  }
  return undefined;
}

/**
 * The embedded `Store`: an LMDB environment in one directory, written by one process. Transactions of one turn of the event loop share
 * a commit, are synced before they resolve, and the revision counter lives in the same LMDB transaction as what it counts.
 */
export class LmdbStore implements Store {
  readonly #directory: string;
  readonly #root: RootDatabase;
  readonly #data: Bytes;
  readonly #meta: Bytes;
  readonly #log: ChangeLog;
  #closed = false;

  private constructor(directory: string) {
    this.#directory = directory;
    // Overlapping sync would make a commit visible before it is durable. With batching by event turn, lmdb makes a promise of
    // its own that nobody can catch when a commit fails.
    this.#root = open({
      path: directory,
      noSubdir: false,
      maxDbs: 4,
      overlappingSync: false,
      eventTurnBatching: false,
      noMemInit: false,
    });
    const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
    this.#data = this.#root.openDB({ name: 'data', ...options });
    this.#meta = this.#root.openDB({ name: 'meta', ...options });
    this.#log = new ChangeLog(this.#readRevision());
  }

  /** Opens or makes the store. @throws ShoalError `resource_exhausted` when the disk is full, `internal` when LMDB refuses the files */
  static async open(directory: string): Promise<LmdbStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      const store = new LmdbStore(directory);
      // It holds the cluster's keys.
      for (const file of ['data.mdb', 'lock.mdb']) await chmod(join(directory, file), 0o600);
      return store;
    } catch (error) {
      throw await storageError(error, directory);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError();
  }

  #readRevision(): number {
    const stored = this.#meta.get(revisionKey);
    return stored === undefined ? 0 : Number(stored.readBigUInt64BE(0));
  }

  #read(key: string): Entry | undefined {
    const stored = this.#data.get(Buffer.from(key));
    return stored === undefined ? undefined : decode(key, stored);
  }

  async revision(): Promise<number> {
    this.#checkOpen();
    return this.#readRevision();
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#checkOpen();
    checkKey(key);
    return this.#read(key);
  }

  async list(prefix: string, options?: ListOptions): Promise<readonly Entry[]> {
    this.#checkOpen();
    const limit = checkListLimit(options);
    const first = Buffer.from(prefix);
    const end = prefixEnd(first);
    const after = options?.after === undefined ? undefined : Buffer.from(options.after);
    const reverse = options?.reverse === true;
    const entries: Entry[] = [];
    const from = reverse ? lowest(after, end) : highest(after, first);
    const range = this.#data.getRange({
      reverse,
      ...(from === undefined ? {} : { start: from }),
      ...(reverse ? { end: first, inclusiveEnd: true } : end === undefined ? {} : { end }),
    });
    for (const { key, value } of range) {
      const isBound = (after !== undefined && key.equals(after)) || (end !== undefined && key.equals(end));
      if (isBound) continue;
      entries.push(decode(key.toString(), value));
      if (entries.length === limit) break;
    }
    return entries;
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    this.#checkOpen();
    checkTransaction(transaction);
    const changes: Change[] = [];
    let result: TransactionResult;
    try {
      result = await this.#data.childTransaction(() => this.#execute(transaction, changes));
    } catch (error) {
      throw await storageError(error, this.#directory);
    }
    if (result.committed && changes.length > 0) this.#log.committed(result.revision, changes);
    return result;
  }

  /** Runs inside an LMDB write transaction, which a thrown error undoes. */
  #execute(transaction: Transaction, changes: Change[]): TransactionResult {
    const before = this.#readRevision();
    const compare = transaction.compare ?? [];
    if (compare.some(({ key, modRevision }) => (this.#read(key)?.modRevision ?? 0) !== modRevision)) {
      const entries = new Map(compare.map(({ key }) => [key, this.#read(key)]));
      return { committed: false, revision: before, entries };
    }
    if (transaction.writes.length === 0) return { committed: true, revision: before };
    const revision = before + 1;
    for (const write of transaction.writes) changes.push(this.#write(write, revision));
    const stored = Buffer.allocUnsafe(8);
    stored.writeBigUInt64BE(BigInt(revision));
    this.#meta.putSync(revisionKey, stored);
    return { committed: true, revision };
  }

  #write(write: Write, revision: number): Change {
    const { key } = write;
    if (write.type === 'delete') {
      this.#data.removeSync(Buffer.from(key));
      return { key, entry: undefined, revision };
    }
    const createRevision = this.#read(key)?.createRevision ?? revision;
    const entry = { key, value: Uint8Array.from(write.value), createRevision, modRevision: revision };
    this.#data.putSync(Buffer.from(key), encode(entry));
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
    if (this.#closed) return;
    this.#closed = true;
    this.#log.close();
    await this.#root.close();
  }
}

function highest(a: Buffer | undefined, b: Buffer): Buffer {
  return a !== undefined && Buffer.compare(a, b) > 0 ? a : b;
}

function lowest(a: Buffer | undefined, b: Buffer | undefined): Buffer | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Buffer.compare(a, b) < 0 ? a : b;
}

interface LmdbFailure {
  readonly code?: number;
  /** lmdb gives the reason of a failed commit as a promise that rejects. */
  readonly commitError?: Promise<never>;
}

/** What LMDB threw, as a ShoalError. */
async function storageError(thrown: unknown, directory: string): Promise<ShoalError> {
  if (ShoalError.is(thrown)) return thrown;
  const pending = (thrown as LmdbFailure | null)?.commitError;
  const reason: unknown = pending === undefined ? thrown : await pending.catch((error: unknown) => error);
  const code = (reason as LmdbFailure | null)?.code;
  const message = reason instanceof Error ? reason.message : String(reason);
  const full = code !== undefined && (fullCodes.has(code) || (await hasNoRoom(directory)));
  if (full) {
    return new ShoalError('resource_exhausted', `No room left for the controller's state in ${directory}`, {
      hint: 'Free some space on that disk; nothing was lost, and nothing of this change was written.',
      cause: reason,
    });
  }
  return new ShoalError('internal', `The controller's state in ${directory} can't be written: ${message}`, {
    cause: reason,
  });
}

async function hasNoRoom(directory: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize < fullBelowBytes;
  } catch {
    return false;
  }
}
