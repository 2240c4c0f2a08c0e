import { generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';

/** A fresh private key and the request for a certificate over it. */
export interface KeyAndCsr {
  /** ECDSA P-256, PKCS#8 PEM. */
  readonly keyPem: string;
  /** PKCS#10 PEM. */
  readonly csrPem: string;
}

/*
 * The X.509 library that issues certificates takes 14 MB of memory, and an agent would need it for this one message only; so the
 * request, whose every field but the key is constant, is encoded here.
 */

/** DER tags (X.690) that a request is made of. */
const tag = { integer: 0x02, bitString: 0x03, sequence: 0x30, attributes: 0xa0 } as const;

/** AlgorithmIdentifier ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758, section 3.2). */
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

/**
 * A new ECDSA P-256 key and a certificate signing request over it (PKCS#10, RFC 2986). The subject is empty: the controller names
 * the node.
 */
export async function createKeyAndCsr(): Promise<KeyAndCsr> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const info = der(
    tag.sequence,
    der(tag.integer, Buffer.from([0])),
    der(tag.sequence),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(tag.attributes),
  );
  const signature = sign('sha256', info, privateKey);
  const noUnusedBits = Buffer.from([0]);
  const request = der(tag.sequence, info, ecdsaWithSha256, der(tag.bitString, noUnusedBits, signature));
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    csrPem: toPem('CERTIFICATE REQUEST', request),
  };
}

/** One DER element. Every element of a request is shorter than 64 KiB, so two length bytes are enough. */
function der(type: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([type, ...length]), content]);
}

/** PEM text (RFC 7468) of DER bytes. */
export function toPem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
