import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { connect, createServer } from 'node:tls';
import t from 'tap';
import { ShoalError } from '../errors/shoal-error.js';
import { CertificateAuthority } from './certificate-authority.js';
import { createKeyAndCsr, toPem } from './certificate-request.js';
import { fetchCaByFingerprint } from './fetch-ca.js';
import { validateNodeName } from './node-name.js';
import { identify } from './principal.js';

const now = Date.UTC(2026, 0, 1);
const day = 86_400_000;
const ca = await CertificateAuthority.create({ clusterName: 'demo', now });
const other = await CertificateAuthority.create({ clusterName: 'demo', now });
const der = (pem: string) => new X509Certificate(pem).raw;

t.test('a node gets a certificate for its own key, and is known by it', async (t) => {
  const { keyPem, csrPem } = await createKeyAndCsr();
  const issued = await ca.issueNode({ csrPem, clusterId: 'c-1', node: 'n1.lab', days: 30, now });
  const certificate = new X509Certificate(issued.certificatePem);
  t.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)));
  t.equal(certificate.subject, 'CN=n1.lab');
  t.equal(certificate.subjectAltName, 'URI:shoal://c-1/node/n1.lab');
  t.strictSame(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'client authentication only');
  t.equal(certificate.ca, false);
  t.equal(issued.notAfter, now + 30 * day);
  t.strictSame(identify(certificate.raw, ca.certificatePem, now), {
    kind: 'node',
    clusterId: 'c-1',
    name: 'n1.lab',
    serial: issued.serial,
    notAfter: issued.notAfter,
  });
  const bundle = other.certificatePem + ca.certificatePem;
  t.equal(identify(certificate.raw, bundle, now).name, 'n1.lab', 'with several CAs');
});

t.test('an operator is known by name and role', async (t) => {
  const issued = await ca.issueOperator({
    clusterId: 'c-1',
    name: 'ada@example.org',
    role: 'viewer',
    days: 1,
    now,
  });
  const principal = identify(der(issued.certificatePem), ca.certificatePem, now);
  t.match(principal, { kind: 'operator', clusterId: 'c-1', name: 'ada@example.org', role: 'viewer' });
  const faulty = ca.issueOperator({ clusterId: 'c-1', name: 'x?role=admin', role: 'viewer', days: 1 });
  await t.rejects(faulty, { code: 'invalid_input' });
});

t.test('certificates that name nobody here are refused', async (t) => {
  const { csrPem } = await createKeyAndCsr();
  const node = { csrPem, clusterId: 'c-1', node: 'n1', days: 30, now };
  const good = der((await ca.issueNode(node)).certificatePem);
  const foreign = der((await other.issueNode(node)).certificatePem);
  const server = der((await ca.issueServer({ hosts: ['localhost'], days: 30, now })).certificatePem);
  const end = new Date(now + 30 * day).toISOString();
  const begin = new Date(now - 3_600_000).toISOString();
  const table: readonly (readonly [Buffer, number, string])[] = [
    [foreign, now, "certificate is not of this cluster's CA"],
    [good, now + 31 * day, `certificate expired at ${end}`],
    [good, now - day, `certificate is not valid before ${begin}`],
    [server, now, 'certificate names neither a node nor an operator'],
    [Buffer.from('rubbish'), now, "certificate can't be read"],
  ];
  for (const [certificate, at, message] of table) {
    t.throws(() => identify(certificate, ca.certificatePem, at), { code: 'unauthenticated', message });
  }
  const altered = Buffer.from(good);
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  t.throws(() => identify(altered, ca.certificatePem, now), {
    message: "certificate is not of this cluster's CA",
  });
});

t.test('signing requests that prove nothing are refused', async (t) => {
  const { csrPem } = await createKeyAndCsr();
  const bytes = Buffer.from(csrPem.replace(/-----[^-]+-----|\n/g, ''), 'base64');
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  const { publicKey } = generateKeyPairSync('ed25519');
  const table: readonly (readonly [string, RegExp])[] = [
    ['', /can't be read: expected PKCS#10 as PEM/],
    ['x'.repeat(8193), /is longer than 8192 characters/],
    [ca.certificatePem, /can't be read|holds another key|isn't signed/],
    [toPem('CERTIFICATE REQUEST', publicKey.export({ type: 'spki', format: 'der' })), /can't be read/],
    [toPem('CERTIFICATE REQUEST', bytes), /isn't signed by the key that it holds|can't be read/],
  ];
  for (const [request, message] of table) {
    const issuing = ca.issueNode({ csrPem: request, clusterId: 'c-1', node: 'n1', days: 1 });
    await t.rejects(issuing, { code: 'invalid_input', message });
  }
  const misnamed = ca.issueNode({ csrPem, clusterId: 'c-1', node: 'N1/../x', days: 1 });
  await t.rejects(misnamed, { code: 'invalid_input', message: /^node name: expected 1 to 63 of a-z/ });
});

t.test('a stored CA issues as before; one with a foreign key is refused', async (t) => {
  const loaded = await CertificateAuthority.load({ certificatePem: ca.certificatePem, keyPem: ca.keyPem });
  t.equal(loaded.fingerprint, ca.fingerprint);
  t.equal(loaded.fingerprint, createHash('sha256').update(der(ca.certificatePem)).digest('hex'));
  const issued = await loaded.issueOperator({ clusterId: 'c', name: 'x', role: 'admin', days: 1, now });
  t.equal(identify(der(issued.certificatePem), ca.certificatePem, now).role, 'admin');
  for (const keyPem of [other.keyPem, 'rubbish']) {
    const loading = CertificateAuthority.load({ certificatePem: ca.certificatePem, keyPem });
    await t.rejects(loading, {
      code: 'failed_precondition',
      message: /certificate and key don't belong together/,
    });
  }
});

async function listening<S extends Server>(
  server: S,
  teardown: (close: () => void) => void,
): Promise<number> {
  teardown(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

t.test('a joining node gets the CA that its token names, and speaks mutual TLS with it', async (t) => {
  const { certificatePem, keyPem } = await ca.issueServer({ hosts: ['localhost', '127.0.0.1'], days: 3650 });
  const server = createServer({
    cert: certificatePem,
    key: keyPem,
    ca: ca.certificatePem,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const host = '127.0.0.1';
  const port = await listening(server, t.teardown.bind(t));
  const at = { host, port, timeoutMs: 5000 };
  t.equal(await fetchCaByFingerprint({ ...at, fingerprint: ca.fingerprint }), ca.certificatePem);
  await t.rejects(fetchCaByFingerprint({ ...at, fingerprint: other.fingerprint }), {
    code: 'permission_denied',
    message: `the server at 127.0.0.1:${port} presents another CA than the join token names`,
  });
  const leaf = new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '');
  await t.rejects(fetchCaByFingerprint({ ...at, fingerprint: leaf }), {
    code: 'permission_denied',
    message: /isn't a CA's/,
  });

  const { keyPem: key, csrPem } = await createKeyAndCsr();
  const { certificatePem: cert } = await ca.issueNode({ csrPem, clusterId: 'c', node: 'n1', days: 3650 });
  const accepted = once(server, 'secureConnection');
  const client = connect({ host, port, ca: ca.certificatePem, cert, key });
  t.teardown(() => client.destroy());
  const [socket] = await accepted;
  t.ok(socket.authorized, 'the node by the server');
  t.equal(identify(socket.getPeerCertificate().raw, ca.certificatePem, Date.now()).name, 'n1');
  if (client.authorized === false) await once(client, 'secureConnect');
  t.ok(client.authorized, 'the server by the node');
});

t.test('servers that answer nothing, or nothing sensible', async (t) => {
  const fingerprint = ca.fingerprint;
  const silent = await listening(createTcpServer(), t.teardown.bind(t));
  await t.rejects(fetchCaByFingerprint({ host: '127.0.0.1', port: silent, fingerprint, timeoutMs: 50 }), {
    code: 'deadline_exceeded',
    message: `no answer from 127.0.0.1:${silent} in 50 ms`,
  });
  const plain = await listening(
    createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    t.teardown.bind(t),
  );
  await t.rejects(fetchCaByFingerprint({ host: '127.0.0.1', port: plain, fingerprint, timeoutMs: 5000 }), {
    code: 'unavailable',
  });
  const closed = createTcpServer();
  const port = await listening(closed, () => {});
  closed.close();
  await once(closed, 'close');
  await t.rejects(fetchCaByFingerprint({ host: '127.0.0.1', port, fingerprint, timeoutMs: 5000 }), {
    code: 'unavailable',
    message: `can't reach 127.0.0.1:${port} by TLS: ECONNREFUSED`,
  });
});

t.test('names of nodes', async (t) => {
  for (const name of ['a', 'n1', 'web-1.lab', '0', 'a'.repeat(63)]) validateNodeName(name);
  for (const name of ['', 'A', '-a', 'a-', '.a', 'a_b', 'a b', 'a'.repeat(64), 'ä', 'a\n']) {
    t.throws(() => validateNodeName(name), ShoalError, JSON.stringify(name));
  }
});
