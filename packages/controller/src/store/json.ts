import { ShoalError } from '@shoal/common';
import type { Entry, Store, TransactionResult, Write } from './store.js';

/** A JSON value in the store, with the store revision for compare-and-set (0: absent). */
export interface Stored<T> {
  readonly value: T;
  readonly modRevision: number;
}

/** A write of a value as JSON. */
export function putJson(key: string, value: unknown): Write {
  return { type: 'put', key, value: Buffer.from(JSON.stringify(value)) };
}

/** The value that `putJson` wrote. The store is the controller's own: its shape is trusted. */
export function decodeJson<T>(entry: Entry): T {
  return JSON.parse(Buffer.from(entry.value).toString('utf8')) as T;
}

/** Reads a JSON value; undefined when the key is absent. */
export async function getJson<T>(store: Store, key: string): Promise<Stored<T> | undefined> {
  const entry = await store.get(key);
  return entry === undefined ? undefined : { value: decodeJson<T>(entry), modRevision: entry.modRevision };
}

/** Every JSON value under a prefix, in the order of the keys. */
export async function listJson<T>(store: Store, prefix: string): Promise<T[]> {
  const values: T[] = [];
  const limit = 1000;
  let after: string | undefined;
  for (;;) {
    const page = await store.list(prefix, { limit, ...(after === undefined ? {} : { after }) });
    for (const entry of page) values.push(decodeJson<T>(entry));
    after = page.at(-1)?.key;
    if (page.length < limit) return values;
  }
}

const attempts = 20;

/**
 * Changes one JSON value by compare-and-set, again and again while others get in between.
 *
 * @param change gets the present value and answers the new one (undefined: leave it), and may throw
 * @returns the value as it is afterwards
 * @throws ShoalError `conflict` when others kept getting in between
 */
export async function updateJson<T>(
  store: Store,
  key: string,
  change: (present: T | undefined) => T | undefined,
  /** Further writes that happen in the same transaction. */
  alongside: readonly Write[] = [],
): Promise<T | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const present = await getJson<T>(store, key);
    const next = change(present?.value);
    if (next === undefined) return present?.value;
    const result: TransactionResult = await store.transact({
      compare: [{ key, modRevision: present?.modRevision ?? 0 }],
      writes: [putJson(key, next), ...alongside],
    });
    if (result.committed) return next;
  }
  throw new ShoalError('conflict', `${key} kept changing while it was to be written`);
}

/** A number as a key part that sorts as the number does. */
export function numberKey(value: number): string {
  return value.toString().padStart(12, '0');
}
