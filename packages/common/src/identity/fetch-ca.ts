import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { ShoalError } from '../errors/shoal-error.js';
import { formatAddress } from '../rpc/address.js';
import { toPem } from './certificate-request.js';
import { certificateFingerprint } from './principal.js';

/** Longest chain that is looked at: a server's certificate, its CA, and one between. */
const maxChain = 3;

/**
 * Asks the server at host:port which CA it presents and gives that CA's certificate (PEM) when its SHA-256 fingerprint is `fingerprint` (64 hex
 * digits). Nothing is sent to the server; trust begins with the comparison. Throws `permission_denied` when another CA is presented,
 * `unavailable` when the server can't be reached, `deadline_exceeded` after `timeoutMs`.
 */
export async function fetchCaByFingerprint(options: {
  host: string;
  port: number;
  fingerprint: string;
  timeoutMs: number;
}): Promise<string> {
  const chain = await presentedChain(options);
  const wanted = options.fingerprint.toLowerCase();
  const ca = chain.find((certificate) => certificateFingerprint(certificate) === wanted);
  const where = formatAddress(options);
  if (ca === undefined) {
    throw new ShoalError(
      'permission_denied',
      `the server at ${where} presents another CA than the join token names`,
      {
        hint: 'the token is of another cluster, or someone stands between this host and the controller: nothing was sent',
      },
    );
  }
  if (!ca.ca) {
    throw new ShoalError('permission_denied', `the certificate that the join token names isn't a CA's`, {
      hint: '`shoal token create` makes a token for the cluster that it is asked of',
    });
  }
  return toPem('CERTIFICATE', ca.raw);
}

function presentedChain({
  host,
  port,
  timeoutMs,
}: {
  host: string;
  port: number;
  timeoutMs: number;
}): Promise<X509Certificate[]> {
  const where = formatAddress({ host, port });
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port,
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const timer = setTimeout(() => {
      finish(() => reject(new ShoalError('deadline_exceeded', `no answer from ${where} in ${timeoutMs} ms`)));
    }, timeoutMs);
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    socket.once('secureConnect', () => {
      const chain = chainOf(socket.getPeerCertificate(true));
      finish(() => resolve(chain));
    });
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      const message = `can't reach ${where} by TLS: ${cause.code ?? cause.message}`;
      // What answers speaks no TLS: most likely another port of the controller.
      const plain = cause.code === 'ERR_SSL_WRONG_VERSION_NUMBER';
      const hint = plain ? { hint: "name the controller's gRPC address, port 9898 by default" } : {};
      finish(() => reject(new ShoalError('unavailable', message, { cause, ...hint })));
    });
  });
}

/** The presented certificates, leaf first. Node links a self-signed one to itself. */
function chainOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let at: DetailedPeerCertificate | undefined = leaf;
  while (at?.raw !== undefined && chain.length < maxChain) {
    chain.push(new X509Certificate(at.raw));
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}
