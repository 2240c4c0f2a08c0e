/** A key with its value and the store revisions at which it was made and last changed. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** What must hold for a transaction to commit. `modRevision: 0` means: the key doesn't exist. */
export interface Compare {
  readonly key: string;
  readonly modRevision: number;
}

export type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string };

/** All writes of a transaction happen at one store revision, or none does. */
export interface Transaction {
  /** Default: none, commits always. */
  readonly compare?: readonly Compare[];
  readonly writes: readonly Write[];
}

export type TransactionResult =
  | { readonly committed: true; readonly revision: number }
  /** Some comparison failed; nothing was written. `entries` holds the compared keys as they are now (undefined: absent). */
  | {
      readonly committed: false;
      readonly revision: number;
      readonly entries: ReadonlyMap<string, Entry | undefined>;
    };

export interface ListOptions {
  /** Default 1000, at most 10000. */
  readonly limit?: number;
  /** Only keys after this one; for paging. */
  readonly after?: string;
  /** Newest key first. Default false. */
  readonly reverse?: boolean;
}

/** A change, as `watch` tells it. `entry` is undefined when the key was deleted. */
export interface Change {
  readonly key: string;
  readonly entry: Entry | undefined;
  readonly revision: number;
}

/**
 * The controller's state: keys (paths like `nodes/web1`) to values, with a store-wide revision that rises by one per
 * committed transaction. Shaped so that LMDB and etcd v3 both fit: revisions, compare-and-set transactions, prefix
 * listing, watch. One contract suite (`contract.ts`) runs on every implementation.
 *
 * Keys: 1 to 1000 bytes of UTF-8 without NUL. Values: at most 1 MiB, else `invalid_input`. A disk that is full is `resource_exhausted`, and
 * the store stays readable and whole. After `close` every call is `failed_precondition`.
 */
export interface Store {
  /** Revision of the newest committed transaction; 0 when nothing was ever written. */
  revision(): Promise<number>;
  get(key: string): Promise<Entry | undefined>;
  /** Entries whose keys start with `prefix`, in byte order of their keys. */
  list(prefix: string, options?: ListOptions): Promise<readonly Entry[]>;
  /** Durable when it resolves. */
  transact(transaction: Transaction): Promise<TransactionResult>;
  /**
   * Changes under `prefix` that commit after the call (or after `fromRevision`, when the store still has them; `not_found` when not), in order,
   * none lost. Ends when `signal` aborts or the store closes. A consumer that lags by more than 10000 changes gets `resource_exhausted`.
   */
  watch(
    prefix: string,
    options: { readonly signal: AbortSignal; readonly fromRevision?: number },
  ): AsyncIterable<Change>;
  close(): Promise<void>;
}
