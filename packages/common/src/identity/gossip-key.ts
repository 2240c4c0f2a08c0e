import { createHash, randomBytes } from 'node:crypto';
import type { GossipKeyState } from '../api/views.js';

/** Bytes of a gossip key: AES-256. */
const keyBytes = 32;
const fingerprintDigits = 16;

/** A new gossip key: 32 random bytes. */
export function createGossipKey(): Buffer {
  return randomBytes(keyBytes);
}

/**
 * What a gossip key is called wherever the key itself must not appear: the first 16 hex digits of a SHA-256 over it. The prefix keeps it from being
 * the plain hash of the key, which something else might use for a secret.
 */
export function gossipKeyFingerprint(key: Uint8Array): string {
  return createHash('sha256')
    .update('shoal gossip key\0')
    .update(key)
    .digest('hex')
    .slice(0, fingerprintDigits);
}

/** A keyring of `@shoal/gossip`, as far as it is needed here: the first key of the list is the primary. */
export interface GossipKeyring {
  list(): readonly Uint8Array[];
  install(key: Uint8Array): void;
  use(key: Uint8Array): void;
  remove(key: Uint8Array): void;
}

/** What a keyring holds, by fingerprints; null: nothing, the gossip isn't encrypted. */
export function gossipKeyState(keyring: Pick<GossipKeyring, 'list'>): GossipKeyState | null {
  const held = keyring.list().map(gossipKeyFingerprint);
  const [primary] = held;
  return primary === undefined ? null : { primary, held };
}

/**
 * Makes a keyring hold exactly these keys, the first of them the primary: missing ones are installed, others removed. Between two packets, so
 * that none is sealed or opened by half of it. No keys: nothing changes.
 *
 * @throws what the keyring throws: a key has a wrong length
 */
export function exchangeGossipKeys(keyring: GossipKeyring, keys: readonly Uint8Array[]): void {
  const [primary] = keys;
  if (primary === undefined) return;
  for (const key of keys) keyring.install(key);
  keyring.use(primary);
  const wanted = new Set(keys.map(gossipKeyFingerprint));
  for (const key of keyring.list()) {
    if (!wanted.has(gossipKeyFingerprint(key))) keyring.remove(key);
  }
}
