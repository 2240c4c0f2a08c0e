import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync } from 'node:crypto';
import { notOpened, openText, type SealContext, sealKeyBytes, sealText } from './seal.js';

/** The curve of certificates' keys (`certificate-authority.ts`). */
const curve = 'P-256';
/** A point of the curve: a byte that says that it is whole, and both coordinates. */
const pointBytes = 65;
const coordinateBytes = 32;
const info = 'shoal secret for a node';

/**
 * Seals a text so that only the holder of a P-256 private key can open it (ECIES): the point of a fresh key, then `sealText` with the key that
 * HKDF-SHA256 makes of the two keys' ECDH secret, with both points as salt. `publicKey`: the node's, as its certificate has it.
 */
export function sealForKey(text: string, publicKey: KeyObject, context: SealContext): Buffer {
  const recipient = pointOf(publicKey);
  const fresh = generateKeyPairSync('ec', { namedCurve: curve });
  const sender = pointOf(fresh.publicKey);
  const shared = diffieHellman({ privateKey: fresh.privateKey, publicKey });
  return Buffer.concat([sender, sealText(text, derive(shared, sender, recipient), context)]);
}

/** The text of what `sealForKey` made for this key and context. Throws `permission_denied`, naming `what`, for anything else. */
export function openWithKey(
  sealed: Uint8Array,
  privateKeyPem: string,
  context: SealContext,
  what: string,
): string {
  const bytes = Buffer.from(sealed);
  const sender = bytes.subarray(0, pointBytes);
  const privateKey = createPrivateKey(privateKeyPem);
  const recipient = pointOf(createPublicKey(privateKey));
  let shared: Buffer;
  try {
    // Refuses what is no point of the curve.
    shared = diffieHellman({ privateKey, publicKey: keyOf(sender) });
  } catch {
    throw notOpened(what);
  }
  return openText(bytes.subarray(pointBytes), derive(shared, sender, recipient), context, what);
}

function derive(shared: Buffer, sender: Buffer, recipient: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', shared, Buffer.concat([sender, recipient]), info, sealKeyBytes));
}

function pointOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

function keyOf(point: Buffer): KeyObject {
  if (point.length !== pointBytes || point[0] !== 4) throw new Error('not a point');
  const x = point.subarray(1, 1 + coordinateBytes).toString('base64url');
  const y = point.subarray(1 + coordinateBytes).toString('base64url');
  return createPublicKey({ key: { kty: 'EC', crv: curve, x, y }, format: 'jwk' });
}
