import { sameBytes } from '../core/index.js';
import { checkBytes } from './check-bytes.js';
import { GossipError } from './gossip-error.js';

const KEY_BYTES: readonly number[] = [16, 24, 32];

/**
 * The keys of the gossip: the primary one encrypts, every one is tried to decrypt. To rotate: install the new key
 * on all nodes, use it on all nodes, remove the old one. Changes take effect with the next packet.
 */
export class Keyring {
  readonly #changed: (keys: readonly Uint8Array[]) => void;
  #keys: readonly Uint8Array[];

  /**
   * @param keys the first is the primary; none means no encryption. Throws GossipError INVALID_OPTION.
   * @param changed called with all keys, primary first, after each change.
   */
  constructor(keys: readonly Uint8Array[], changed: (keys: readonly Uint8Array[]) => void = () => undefined) {
    for (const [i, key] of keys.entries()) checkKey(key, `key ${i + 1}`);
    this.#keys = keys.map((key) => Uint8Array.from(key));
    this.#changed = changed;
  }

  /** The keys in the order in which they are tried; the first is the primary. */
  list(): readonly Uint8Array[] {
    return this.#keys;
  }

  /**
   * Makes a key known for decryption; without effect if it is known already. The first key of an empty ring is the
   * primary at once. Throws GossipError INVALID_OPTION for a key of another length than 16, 24 or 32 bytes.
   */
  install(key: Uint8Array): void {
    checkKey(key, 'the key to install');
    if (this.#find(key) < 0) this.#set([...this.#keys, Uint8Array.from(key)]);
  }

  /** Makes an installed key the primary one. Throws GossipError KEY_REFUSED if it isn't installed. */
  use(key: Uint8Array): void {
    checkBytes('the key to use', key);
    const at = this.#find(key);
    const chosen = this.#keys[at];
    if (!chosen) throw refused('the key is not installed');
    if (at > 0) this.#set([chosen, ...this.#keys.filter((_, i) => i !== at)]);
  }

  /** Forgets a key, if it is known. Throws GossipError KEY_REFUSED for the primary one. */
  remove(key: Uint8Array): void {
    checkBytes('the key to remove', key);
    const at = this.#find(key);
    if (at === 0) throw refused('the primary key cannot be removed');
    if (at > 0) this.#set(this.#keys.filter((_, i) => i !== at));
  }

  #find(key: Uint8Array): number {
    return this.#keys.findIndex((known) => sameBytes(known, key));
  }

  #set(keys: readonly Uint8Array[]): void {
    this.#keys = keys;
    this.#changed(keys);
  }
}

function refused(why: string): GossipError {
  return new GossipError(
    'KEY_REFUSED',
    why,
    'install the new key everywhere, then use it, then remove the old one',
  );
}

function checkKey(key: Uint8Array, name: string): void {
  // The value itself is never told: it may be a key in some other form.
  checkBytes(name, key, "Buffer.from(text, 'base64')");
  if (KEY_BYTES.includes(key.length)) return;
  throw new GossipError(
    'INVALID_OPTION',
    `${name} has ${key.length} bytes, expected 16, 24 or 32`,
    'make one with: openssl rand -base64 32',
  );
}
