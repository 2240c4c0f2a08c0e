import { createHash } from 'node:crypto';
import { identify, type Principal, ShoalError } from '@shoal/common';

/** The part of a grpc-js server call that tells who calls. */
export interface AuthenticatedCall {
  getAuthContext(): { sslPeerCertificate?: { raw: Buffer } } | null;
}

/** What callers are checked against. */
export interface CallersOptions {
  readonly clusterId: string;
  readonly caPem: string;
  /** Whether the certificate of that serial was revoked. */
  readonly isRevoked: (serial: string) => boolean;
  /** Whether a node of that name is enrolled. */
  readonly isNode: (name: string) => boolean;
  readonly now: () => number;
}

/** Certificates that are kept once they were found to be the CA's; beyond that all are looked at anew. */
const keptCertificates = 2000;

/** A certificate that held. */
interface Identified {
  readonly principal: Principal;
  /** When it was looked at, ms since the epoch: a clock that was set back since proves nothing of that time. */
  readonly at: number;
}

/** Tells who is behind each gRPC call by its client certificate. */
export class Callers {
  readonly #options: CallersOptions;
  /** By the SHA-256 of the certificate's bytes: signatures are dear, and an operator's command asks for several things. */
  readonly #identified = new Map<string, Identified>();

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** Whoever presents the certificate, revoked or not. */
  #holder(call: AuthenticatedCall): Principal {
    const { clusterId, caPem, now } = this.#options;
    const certificate = call.getAuthContext()?.sslPeerCertificate?.raw;
    if (certificate === undefined) {
      throw new ShoalError('unauthenticated', "No client certificate of this cluster's CA was presented", {
        hint: 'Nodes get one by enrolling with a join token; operators find theirs in admin-credentials.json.',
      });
    }
    const principal = this.#identify(certificate, caPem, now());
    if (principal.clusterId !== clusterId) {
      throw new ShoalError(
        'unauthenticated',
        `The certificate is for another cluster (${principal.clusterId})`,
      );
    }
    return principal;
  }

  #identify(certificate: Buffer, caPem: string, now: number): Principal {
    const digest = createHash('sha256').update(certificate).digest('base64');
    const known = this.#identified.get(digest);
    if (known !== undefined && now >= known.at && now <= known.principal.notAfter) return known.principal;
    const principal = identify(certificate, caPem, now);
    if (this.#identified.size >= keptCertificates) this.#identified.clear();
    this.#identified.set(digest, { principal, at: now });
    return principal;
  }

  /** Whether a node calls that was removed from the cluster. @throws ShoalError as `principal`, but for a revoked certificate */
  wasRemoved(call: AuthenticatedCall): boolean {
    const { kind, serial } = this.#holder(call);
    return kind === 'node' && this.#options.isRevoked(serial);
  }

  /** Whoever calls. @throws ShoalError `unauthenticated`: no certificate, another CA's or cluster's, expired, revoked */
  principal(call: AuthenticatedCall): Principal {
    const principal = this.#holder(call);
    if (this.#options.isRevoked(principal.serial)) {
      throw new ShoalError(
        'unauthenticated',
        `The certificate of ${principal.kind} "${principal.name}" was revoked`,
        {
          hint: 'The node was removed from the cluster; to bring it back, enroll it with a new join token.',
        },
      );
    }
    return principal;
  }

  /** The node that calls. @throws ShoalError as `principal`; `permission_denied` when it is none of this cluster's nodes */
  node(call: AuthenticatedCall): Principal {
    const principal = this.principal(call);
    if (principal.kind !== 'node') {
      throw new ShoalError('permission_denied', 'This call is for nodes; the certificate is of an operator');
    }
    if (!this.#options.isNode(principal.name)) {
      throw new ShoalError('unauthenticated', `No node "${principal.name}" is enrolled`, {
        hint: 'Enroll it with a new join token.',
      });
    }
    return principal;
  }
}
