import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ShoalError } from '../errors/shoal-error.js';

/** Length of a key that seals, in bytes (AES-256). */
export const sealKeyBytes = 32;

const cipher = 'aes-256-gcm';
const format = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** What a sealed text is bound to: opening it for anything else fails. */
export type SealContext = readonly string[];

/**
 * Seals a text: a format byte, a random nonce of 12 bytes, the tag of 16 and the ciphertext of AES-256-GCM, with the context as associated data.
 */
export function sealText(text: string, key: Uint8Array, context: SealContext): Buffer {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  sealing.setAAD(associated(context));
  const sealed = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
  return Buffer.concat([Buffer.of(format), nonce, sealing.getAuthTag(), sealed]);
}

/** The text of what `sealText` made with the same key and context. Throws `permission_denied`, naming `what`, for anything else. */
export function openText(sealed: Uint8Array, key: Uint8Array, context: SealContext, what: string): string {
  const bytes = Buffer.from(sealed);
  if (bytes.length <= nonceBytes + tagBytes || bytes[0] !== format) throw notOpened(what);
  try {
    const nonce = bytes.subarray(1, 1 + nonceBytes);
    const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes });
    opening.setAAD(associated(context));
    opening.setAuthTag(bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes));
    const text = Buffer.concat([opening.update(bytes.subarray(1 + nonceBytes + tagBytes)), opening.final()]);
    return text.toString('utf8');
  } catch {
    throw notOpened(what);
  }
}

/** The error for what can't be opened; it tells nothing of why, beyond what there is to be told. */
export function notOpened(what: string): ShoalError {
  return new ShoalError('permission_denied', `${what} can't be opened`, {
    hint: 'it was altered, or sealed with another key or for another place than this one',
  });
}

/** No two contexts have the same bytes. */
function associated(context: SealContext): Buffer {
  return Buffer.from(JSON.stringify(context), 'utf8');
}
