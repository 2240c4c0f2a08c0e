import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ShoalError } from '../errors/shoal-error.js';
import { loadJose } from './jose.js';
import type { LicensePublicKey } from './trusted-license-keys.js';

/** A vendor's key for signing licenses. */
export interface LicenseKey {
  /** Ed25519. A secret. */
  readonly privateKey: KeyObject;
  readonly publicKey: LicensePublicKey;
  /** RFC 7638 thumbprint of the public key (SHA-256, base64url). */
  readonly kid: string;
}

const expectedKey = 'expected an Ed25519 key, as PEM or JWK: shoal license keygen makes one';

/** A new key. */
export function createLicenseKey(): Promise<LicenseKey> {
  return withPublicHalf(generateKeyPairSync('ed25519').privateKey);
}

/** The private key as text for a file: PKCS#8 PEM, or a JWK (RFC 8037). */
export function encodeLicenseKey({ privateKey, kid }: LicenseKey, form: 'pem' | 'jwk'): string {
  if (form === 'pem') return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return `${JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid })}\n`;
}

/**
 * The key in a file's text, PKCS#8 PEM or JWK. Throws `invalid_input` for anything else, naming `file` and never repeating the text.
 */
export async function parseLicenseKey(text: string, file: string): Promise<LicenseKey> {
  const bad = (what: string) =>
    new ShoalError('invalid_input', `${file} ${what}`, {
      hint: 'expected an Ed25519 private key, as PKCS#8 PEM or JWK: shoal license keygen makes one',
    });
  if (/BEGIN PUBLIC KEY/.test(text)) throw bad('holds a public key, signing needs the private one');
  if (/BEGIN ENCRYPTED PRIVATE KEY/.test(text)) throw bad('holds a key that is locked by a passphrase');
  let key: KeyObject;
  try {
    key = text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' })
      : createPrivateKey(text);
  } catch {
    // The cause may quote the text.
    throw bad('holds no private key');
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw bad(`holds a private key of the type ${key.asymmetricKeyType}`);
  }
  return withPublicHalf(key);
}

/** The public half of the key in a file's text, private or public, PEM or JWK. Throws `invalid_input` as `parseLicenseKey` does. */
export async function parseLicensePublicKey(
  text: string,
  file: string,
): Promise<Pick<LicenseKey, 'publicKey' | 'kid'>> {
  let key: KeyObject;
  try {
    key = text.trimStart().startsWith('{')
      ? createPublicKey({ key: JSON.parse(text), format: 'jwk' })
      : createPublicKey(text);
  } catch {
    throw new ShoalError('invalid_input', `${file} holds no key`, { hint: expectedKey });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    const message = `${file} holds a key of the type ${key.asymmetricKeyType}`;
    throw new ShoalError('invalid_input', message, { hint: expectedKey });
  }
  return publicHalf(key);
}

/** The RFC 7638 thumbprint of a public key, which names it. */
export async function licenseKeyId({ kty, crv, x }: LicensePublicKey): Promise<string> {
  const { calculateJwkThumbprint } = await loadJose();
  return calculateJwkThumbprint({ kty, crv, x });
}

async function withPublicHalf(privateKey: KeyObject): Promise<LicenseKey> {
  return { privateKey, ...(await publicHalf(createPublicKey(privateKey))) };
}

async function publicHalf(key: KeyObject): Promise<Pick<LicenseKey, 'publicKey' | 'kid'>> {
  const { x = '' } = key.export({ format: 'jwk' });
  const publicKey: LicensePublicKey = { kty: 'OKP', crv: 'Ed25519', x };
  return { publicKey, kid: await licenseKeyId(publicKey) };
}
