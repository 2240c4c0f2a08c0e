import { X509Certificate } from 'node:crypto';
import { CertificateAuthority } from '@shoal/common';
import t from 'tap';
import { type AuthenticatedCall, Callers } from './callers.js';

const day = 86_400_000;

t.test('a certificate that held once is judged by clock and revocation again at each call', async (t) => {
  const begun = Date.UTC(2026, 0, 1);
  const ca = await CertificateAuthority.create({ clusterName: 'c', now: begun });
  const issued = await ca.issueOperator({
    clusterId: 'c-1',
    name: 'ann',
    role: 'admin',
    days: 10,
    now: begun,
  });
  const { raw } = new X509Certificate(issued.certificatePem);
  const revoked = new Set<string>();
  let at = begun + day;
  const callers = new Callers({
    clusterId: 'c-1',
    caPem: ca.certificatePem,
    isRevoked: (serial) => revoked.has(serial),
    isNode: () => false,
    now: () => at,
  });
  // Each call brings bytes of its own.
  const call = (certificate: Buffer = raw): AuthenticatedCall => ({
    getAuthContext: () => ({ sslPeerCertificate: { raw: Buffer.from(certificate) } }),
  });
  t.match(callers.principal(call()), { name: 'ann', role: 'admin' });
  t.match(callers.principal(call()), { name: 'ann', role: 'admin' });
  const altered = Buffer.from(raw);
  altered.writeUInt8(altered.readUInt8(altered.length - 1) ^ 1, altered.length - 1);
  t.throws(() => callers.principal(call(altered)), { code: 'unauthenticated' }, 'one bit of it is another');
  at = begun + 11 * day;
  t.throws(() => callers.principal(call()), { code: 'unauthenticated', message: /expired/ });
  at = begun - day;
  t.throws(() => callers.principal(call()), { code: 'unauthenticated', message: /not valid before/ });
  at = begun + day;
  revoked.add(callers.principal(call()).serial);
  t.throws(() => callers.principal(call()), { code: 'unauthenticated', message: /revoked/ });
});
