import { sameBytes } from '../core/index.js';
import { GossipError } from './gossip-error.js';

const KEY_BYTES: readonly number[] = [16, 24, 32];

/**
 * The keys of the gossip: the primary one encrypts, every one is tried to decrypt. To rotate: install the new key
 * on all nodes, use it on all nodes, remove the old one. Changes take effect with the next packet.
 */
export class Keyring {
  #keys: readonly Uint8Array[];

  /** @param keys the first is the primary; none means no encryption. Throws GossipError INVALID_OPTION. */
  constructor(keys: readonly Uint8Array[]) {
    keys.forEach(checkKey);
    this.#keys = keys.map((key) => Uint8Array.from(key));
  }

  /** The keys in the order in which they are tried; the first is the primary. */
  list(): readonly Uint8Array[] {
    return this.#keys;
  }

  /** Makes a key known for decryption; without effect if it is known already. */
  install(key: Uint8Array): void {
    checkKey(key, this.#keys.length);
    if (this.#keys.length === 0) throw refused('encryption was not configured at the start');
    if (this.#find(key) < 0) this.#keys = [...this.#keys, Uint8Array.from(key)];
  }

  /** Makes an installed key the primary one. Throws GossipError KEY_REFUSED if it isn't installed. */
  use(key: Uint8Array): void {
    const at = this.#find(key);
    const chosen = this.#keys[at];
    if (!chosen) throw refused('the key is not installed');
    this.#keys = [chosen, ...this.#keys.filter((_, i) => i !== at)];
  }

  /** Forgets a key; the primary one can't be removed. */
  remove(key: Uint8Array): void {
    const at = this.#find(key);
    if (at === 0) throw refused('the primary key cannot be removed');
    this.#keys = this.#keys.filter((_, i) => i !== at);
  }

  #find(key: Uint8Array): number {
    return this.#keys.findIndex((known) => sameBytes(known, key));
  }
}

function refused(why: string): GossipError {
  return new GossipError(
    'KEY_REFUSED',
    why,
    'install the new key everywhere, then use it, then remove the old one',
  );
}

function checkKey(key: Uint8Array, index: number): void {
  if (KEY_BYTES.includes(key.length)) return;
  throw new GossipError(
    'INVALID_OPTION',
    `key ${index + 1} has ${key.length} bytes, expected 16, 24 or 32`,
    'make one with: openssl rand -base64 32',
  );
}
