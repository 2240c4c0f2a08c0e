import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { WireError } from '../core/index.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
const UNPADDED = 1;
const PADDED = 0;

/** Bytes that sealing adds: version, nonce and tag. */
export const SEAL_OVERHEAD = 29;

type Cipher = 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm';

function cipherFor(key: Uint8Array): Cipher {
  if (key.length === 16) return 'aes-128-gcm';
  return key.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}

/** PKCS#7 as encryption version 0 applies it before GCM. */
function pad(plain: Uint8Array): Buffer {
  const missing = BLOCK_BYTES - (plain.length % BLOCK_BYTES);
  return Buffer.concat([plain, Buffer.alloc(missing, missing)]);
}

function unpad(plain: Buffer): Buffer {
  const padding = plain.at(-1) ?? 0;
  if (padding < 1 || padding > BLOCK_BYTES || padding > plain.length) throw new WireError('bad padding');
  return plain.subarray(0, plain.length - padding);
}

/** How to seal; the defaults are what Shoal sends, the rest exists for memberlist's protocol version 1. */
export interface SealOptions {
  version?: 0 | 1;
  nonce?: Uint8Array;
}

/** Encrypts with AES-GCM: version, nonce, ciphertext, tag. The `aad` is authenticated but not carried. */
export function seal(key: Uint8Array, plain: Uint8Array, aad: Uint8Array, options: SealOptions = {}): Buffer {
  const version = options.version ?? UNPADDED;
  const nonce = options.nonce ?? randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(cipherFor(key), key, nonce);
  if (aad.length > 0) cipher.setAAD(aad);
  const sealed = cipher.update(version === PADDED ? pad(plain) : plain);
  return Buffer.concat([Buffer.of(version), nonce, sealed, cipher.final(), cipher.getAuthTag()]);
}

function openWith(key: Uint8Array, blob: Uint8Array, aad: Uint8Array): Buffer | undefined {
  const decipher = createDecipheriv(cipherFor(key), key, blob.subarray(1, 1 + NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  if (aad.length > 0) decipher.setAAD(aad);
  decipher.setAuthTag(blob.subarray(blob.length - TAG_BYTES));
  const plain = decipher.update(blob.subarray(1 + NONCE_BYTES, blob.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}

/** Decrypts with the first key that fits. Throws WireError when none does or the bytes are no sealed blob. */
export function unseal(keys: readonly Uint8Array[], blob: Uint8Array, aad: Uint8Array): Buffer {
  if (blob.length < SEAL_OVERHEAD) throw new WireError(`${blob.length} bytes are too few to be encrypted`);
  const version = blob[0];
  if (version !== PADDED && version !== UNPADDED)
    throw new WireError(`encryption version ${version} is not known`);
  for (const key of keys) {
    const plain = openWith(key, blob, aad);
    if (plain) return version === PADDED ? unpad(plain) : plain;
  }
  throw new WireError('no installed key decrypts the message');
}
