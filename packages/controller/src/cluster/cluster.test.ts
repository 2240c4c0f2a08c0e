import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { CertificateAuthority, createLogger } from '@shoal/common';
import t from 'tap';
import { putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import { MemoryStore } from '../store/memory-store.js';
import { openClusterIdentity } from './cluster-identity.js';
import { keepCredentialsFile } from './credentials-file.js';
import { GossipMembership } from './gossip-membership.js';
import { hostsOf, ServerCertificate } from './server-certificate.js';

const day = 86_400_000;
const authority = await CertificateAuthority.create({ clusterName: 'shoal', now: Date.now() });

t.test('the identity is made once and stays', async (t) => {
  const store = new MemoryStore();
  const [first, second] = await Promise.all([
    openClusterIdentity(store, 'shoal', Date.now()),
    openClusterIdentity(store, 'shoal', Date.now()),
  ]);
  t.equal(second.id, first.id, 'two that race agree');
  const again = await openClusterIdentity(store, 'shoal', Date.now());
  t.equal(again.authority.fingerprint, first.authority.fingerprint);
  t.same(again.signingKey, first.signingKey);
  await t.rejects(openClusterIdentity(store, 'blue', 0), {
    code: 'failed_precondition',
    hint: 'Set cluster.name to "shoal", or give the other cluster a dataDir of its own.',
  });
});

t.test('credentials are kept as long as they are good', async (t) => {
  const dataDir = t.testdir();
  let now = Date.now();
  const keep = (server: string): Promise<string> =>
    keepCredentialsFile({ dataDir, server, clusterId: 'c', authority, ttlMs: 90 * day, now });
  const path = await keep('127.20.0.1:1');
  t.equal((await stat(path)).mode & 0o777, 0o600);
  const first = await readFile(path, 'utf8');
  t.match(JSON.parse(first), { server: '127.20.0.1:1', clusterId: 'c', caPem: authority.certificatePem });
  now += 59 * day;
  await keep('127.20.0.1:1');
  t.equal(await readFile(path, 'utf8'), first);
  now += 2 * day;
  await keep('127.20.0.1:1');
  const renewed = JSON.parse(await readFile(path, 'utf8'));
  t.ok(
    Date.parse(new X509Certificate(renewed.certificatePem).validTo) > now + 89 * day,
    'renewed in its last third',
  );
  await keep('127.20.0.1:2');
  t.equal(JSON.parse(await readFile(path, 'utf8')).server, '127.20.0.1:2');
  await writeFile(path, '{"torn');
  await keep('127.20.0.1:2');
  t.equal(JSON.parse(await readFile(path, 'utf8')).server, '127.20.0.1:2');
});

t.test('the server certificate is renewed in its last third and told to those who serve it', async (t) => {
  let at = Date.now();
  const logger = createLogger({ name: 'test', level: 'silent' });
  const certificate = await ServerCertificate.issue({
    authority,
    hosts: ['127.20.0.1', 'shoal.test'],
    ttlMs: 90 * day,
    now: () => at,
    logger,
  });
  t.teardown(() => certificate.stop());
  const first = certificate.current;
  t.match(new X509Certificate(first.certificatePem).subjectAltName, /DNS:shoal\.test/);
  t.ok(
    first.certificatePem.endsWith(authority.certificatePem),
    'presents the CA, for those who join by its fingerprint',
  );
  const told: string[] = [];
  certificate.onRenewed((identity) => told.push(identity.certificatePem));
  at += 59 * day;
  await certificate.renewWhenDue();
  t.same(told, []);
  at += 2 * day;
  await certificate.renewWhenDue();
  t.same(told, [certificate.current.certificatePem]);
  t.not(certificate.current.certificatePem, first.certificatePem);
});

t.test('a server that listens everywhere is certified for every address of the host', async (t) => {
  t.same(hostsOf(['127.20.0.1:1', '127.20.0.2:2'], ['shoal.test:9898']), [
    'shoal.test',
    '127.20.0.1',
    '127.20.0.2',
    'localhost',
    '127.0.0.1',
  ]);
  const everywhere = hostsOf(['0.0.0.0:1'], []);
  t.notOk(everywhere.includes('0.0.0.0'));
  t.ok(everywhere.includes('127.0.0.1'));
});

t.test('that no peer of the last run is there any more is said in one line, without a stack', async (t) => {
  const store = new MemoryStore();
  // Port 1 of a loopback address of its own: nobody listens.
  await store.transact({ writes: [putJson(keys.peers, ['127.20.0.9:1'])] });
  const warned = new Promise<string>((resolve) => {
    const write = (line: string): void => {
      if (line.includes('no gossip peer')) resolve(line);
    };
    const logger = createLogger({ name: 'test', level: 'info', destination: { write } });
    const membership = GossipMembership.start({
      listen: '127.20.0.8:0',
      advertise: undefined,
      keys: [],
      tags: {},
      store,
      logger,
    });
    t.teardown(async () => (await membership).stop());
  });
  const line = JSON.parse(await warned);
  t.match(line, { asked: 1, reason: /^no node could be joined: 127\.20\.0\.9:1: / });
  t.notMatch(line, { err: Object });
});
