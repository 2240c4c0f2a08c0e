import { createGossipKey, gossipKeyFingerprint, ShoalError } from '@shoal/common';
import { getJson, putJson, type Stored } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import { firstRing } from './machine.js';
import type { KeyRing } from './ring.js';

/** The ring with the keys that its fingerprints stand for: 32 bytes each, base64. A secret. */
interface StoredRing {
  readonly ring: KeyRing;
  readonly secrets: Readonly<Record<string, string>>;
}

/** The cluster's gossip keys in the store. Of a ring that was stored, the keys that it names are there; others are forgotten. */
export class KeyStore {
  readonly #store: Store;
  /** Made by `newKey`, for a ring that may be stored next. */
  readonly #made = new Map<string, Buffer>();
  #stored: Stored<StoredRing>;

  private constructor(store: Store, stored: Stored<StoredRing>) {
    this.#store = store;
    this.#stored = stored;
  }

  /** Opens what is stored; the first time it makes the cluster's first key. */
  static async open(store: Store, now: number): Promise<KeyStore> {
    const present = await getJson<StoredRing>(store, keys.gossipKeys);
    if (present !== undefined) return new KeyStore(store, present);
    const { value, writes } = await firstKeys(store, now);
    const compare = [{ key: keys.gossipKeys, modRevision: 0 }];
    const result = await store.transact({ compare, writes });
    if (result.committed) return new KeyStore(store, { value, modRevision: result.revision });
    // Another controller on the same store was quicker.
    return KeyStore.open(store, now);
  }

  get ring(): KeyRing {
    return this.#stored.value.ring;
  }

  /** The keys that members shall hold, the primary first. Secrets. */
  keys(): readonly Buffer[] {
    return this.ring.keys.map(({ fingerprint }) => this.#key(fingerprint));
  }

  /** Makes a key, and gives its fingerprint. It is kept with the next ring, if that names it. */
  newKey(): string {
    const key = createGossipKey();
    const fingerprint = gossipKeyFingerprint(key);
    this.#made.set(fingerprint, key);
    return fingerprint;
  }

  /**
   * Stores a ring, in one transaction with `alongside`.
   *
   * @throws ShoalError `conflict` when another one was stored meanwhile: by someone else, or by a call that failed after it had. That one is in force then
   */
  async put(ring: KeyRing, alongside: readonly Write[]): Promise<void> {
    const secrets = Object.fromEntries(
      ring.keys.map(({ fingerprint }) => [fingerprint, this.#key(fingerprint).toString('base64')]),
    );
    const value: StoredRing = { ring, secrets };
    const result = await this.#store.transact({
      compare: [{ key: keys.gossipKeys, modRevision: this.#stored.modRevision }],
      writes: [putJson(keys.gossipKeys, value), ...alongside],
    });
    this.#made.clear();
    if (result.committed) {
      this.#stored = { value, modRevision: result.revision };
      return;
    }
    this.#stored = (await getJson<StoredRing>(this.#store, keys.gossipKeys)) ?? this.#stored;
    throw new ShoalError('conflict', 'The gossip keys were changed by someone else', {
      hint: 'See: shoal gossip-key ls',
    });
  }

  #key(fingerprint: string): Buffer {
    const stored = this.#stored.value.secrets[fingerprint];
    const key = stored === undefined ? this.#made.get(fingerprint) : Buffer.from(stored, 'base64');
    if (key === undefined) throw new ShoalError('internal', `The gossip key ${fingerprint} is not stored`);
    return key;
  }
}

/** The first key. Clusters made by version 0.1.0's forerunners have it in their identity: it moves here, and no copy stays there. */
async function firstKeys(store: Store, now: number): Promise<{ value: StoredRing; writes: Write[] }> {
  const identity = await getJson<{ gossipKeys?: readonly string[] }>(store, keys.cluster);
  const { gossipKeys, ...rest } = identity?.value ?? {};
  const key = gossipKeys?.[0] ?? createGossipKey().toString('base64');
  const fingerprint = gossipKeyFingerprint(Buffer.from(key, 'base64'));
  const value = { ring: firstRing(fingerprint, now), secrets: { [fingerprint]: key } };
  const writes = [putJson(keys.gossipKeys, value)];
  if (gossipKeys !== undefined) writes.push(putJson(keys.cluster, rest));
  return { value, writes };
}
