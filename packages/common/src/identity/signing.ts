import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { ShoalError } from '../errors/shoal-error.js';
import { canonicalJson } from './canonical-json.js';

/** An Ed25519 key pair, PEM (PKCS#8 and SPKI). */
export interface SigningKey {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** A document with its signature, as it crosses the wire (`SignedDocument` in proto/shoal/v1/enrollment.proto). */
export interface SignedBytes {
  /** Canonical JSON, UTF-8. */
  readonly payload: Uint8Array;
  /** Ed25519 over payload, 64 bytes. */
  readonly signature: Uint8Array;
}

/** A new key for signing manifests, leases or licenses. */
export function createSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** The value's canonical JSON (RFC 8785) and its Ed25519 signature (RFC 8032). */
export function signDocument(value: unknown, privateKeyPem: string): { payload: Buffer; signature: Buffer } {
  return signPayload(Buffer.from(canonicalJson(value), 'utf8'), privateKeyPem);
}

/** The same for a value whose canonical JSON is at hand. */
export function signPayload(payload: Buffer, privateKeyPem: string): { payload: Buffer; signature: Buffer } {
  return { payload, signature: sign(null, payload, privateKeys(privateKeyPem)) };
}

/** The document's value once its signature holds; nothing of the payload is parsed before. Throws `permission_denied`, naming `what` (`manifest`, `lease`). */
export function verifyDocument<T>(document: SignedBytes, publicKeyPem: string, what: string): T {
  if (!verify(null, document.payload, publicKeys(publicKeyPem), document.signature)) {
    throw new ShoalError('permission_denied', `${what} signature doesn't verify`, {
      hint: 'it was altered on the way, or signed by another cluster than this node belongs to',
    });
  }
  return JSON.parse(Buffer.from(document.payload).toString('utf8')) as T;
}

/** Reading a key takes several times as long as signing with it: the one that was used last is kept. */
function keepingLast(read: (pem: string) => KeyObject): (pem: string) => KeyObject {
  let last: { readonly pem: string; readonly key: KeyObject } | undefined;
  return (pem) => {
    if (last?.pem !== pem) last = { pem, key: read(pem) };
    return last.key;
  };
}

const privateKeys = keepingLast(createPrivateKey);
const publicKeys = keepingLast(createPublicKey);
