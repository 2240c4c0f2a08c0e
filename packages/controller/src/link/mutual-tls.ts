import { ServerCredentials } from '@grpc/grpc-js';
import type { ServerIdentity } from '../cluster/server-certificate.js';

/**
 * Server credentials that ask every client for a certificate and let it in without one: `Enroll` is answered to hosts that have none yet.
 * grpc-js's own `createSsl` ties asking to refusing. Every other call checks who calls (`link/callers.ts`). TLS 1.2 and newer.
 */
export class MutualTlsCredentials extends ServerCredentials {
  readonly #caPem: string;

  constructor(identity: ServerIdentity, caPem: string) {
    super(
      { requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' },
      { ca: caPem, cert: identity.certificatePem, key: identity.keyPem },
    );
    this.#caPem = caPem;
  }

  /** New connections get this certificate; those that stand are left alone. */
  replace(identity: ServerIdentity): void {
    this.updateSecureContextOptions({
      ca: this.#caPem,
      cert: identity.certificatePem,
      key: identity.keyPem,
    });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
