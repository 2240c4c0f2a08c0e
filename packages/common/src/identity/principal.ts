import { X509Certificate } from 'node:crypto';
import { ShoalError } from '../errors/shoal-error.js';

/** Roles that an operator's certificate can name; each includes those before it. */
export type OperatorRole = 'viewer' | 'operator' | 'admin';

/** Who a certificate speaks for. */
export interface Principal {
  readonly kind: 'node' | 'operator';
  readonly clusterId: string;
  readonly name: string;
  /** Operators only. */
  readonly role?: OperatorRole;
  /** Hex, as issued. */
  readonly serial: string;
  /** End of validity, ms since the epoch. */
  readonly notAfter: number;
}

/** The URI that names a node in its certificate's subject alternative name. */
export function nodeUri(clusterId: string, name: string): string {
  return `shoal://${clusterId}/node/${name}`;
}

/** The URI that names an operator and its role. */
export function operatorUri(clusterId: string, name: string, role: OperatorRole): string {
  return `shoal://${clusterId}/operator/${name}?role=${role}`;
}

/**
 * Who a peer's certificate speaks for, at `now` (ms since the epoch). `caPem` may hold several CAs. Throws `unauthenticated` for a certificate of
 * another CA, one that isn't valid yet or any more, and one that names neither node nor operator.
 */
export function identify(certificateDer: Buffer, caPem: string, now: number): Principal {
  const certificate = parse(certificateDer);
  const issued = splitPem(caPem)
    .map((pem) => new X509Certificate(pem))
    .some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
  if (!issued)
    throw refused(
      "certificate is not of this cluster's CA",
      'enroll again with a join token of this cluster',
    );
  const notBefore = Date.parse(certificate.validFrom);
  const notAfter = Date.parse(certificate.validTo);
  if (now > notAfter) {
    throw refused(`certificate expired at ${iso(notAfter)}`, 'renew it; or compare the clocks of both hosts');
  }
  if (now < notBefore) {
    throw refused(`certificate is not valid before ${iso(notBefore)}`, 'compare the clocks of both hosts');
  }
  return { ...nameOf(certificate), serial: certificate.serialNumber.toLowerCase(), notAfter };
}

/** SHA-256 of a certificate's DER, 64 hex digits. */
export function certificateFingerprint(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** The certificates of a PEM bundle, one text each. */
export function splitPem(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function parse(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (thrown) {
    throw new ShoalError('unauthenticated', "certificate can't be read", { cause: thrown });
  }
}

function nameOf(certificate: X509Certificate): Pick<Principal, 'kind' | 'clusterId' | 'name' | 'role'> {
  for (const entry of (certificate.subjectAltName ?? '').split(', ')) {
    const match =
      /^URI:shoal:\/\/([a-z0-9-]+)\/(node|operator)\/([A-Za-z0-9._@-]+)(?:\?role=(viewer|operator|admin))?$/.exec(
        entry,
      );
    const [, clusterId, kind, name, role] = match ?? [];
    if (clusterId === undefined || name === undefined) continue;
    if (kind === 'node' && role === undefined) return { kind, clusterId, name };
    if (kind === 'operator' && role !== undefined)
      return { kind, clusterId, name, role: role as OperatorRole };
  }
  throw refused(
    'certificate names neither a node nor an operator',
    'use the certificate that enrollment gave',
  );
}

function refused(message: string, hint: string): ShoalError {
  return new ShoalError('unauthenticated', message, { hint });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
