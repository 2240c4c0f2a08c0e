import { X509Certificate } from 'node:crypto';
import {
  CertificateAuthority,
  createKeyAndCsr,
  createLogger,
  createSigningKey,
  type Identity,
  identify,
  type Lease,
  parseJoinToken,
  ShoalError,
  type SignedDocument,
  verifyDocument,
} from '@shoal/common';
import t from 'tap';
import type { GrowthLimits } from '../license/growth.js';
import { GrowthGate } from '../license/growth-gate.js';
import { Leases } from '../license/leases.js';
import { decideStanding } from '../license/standing.js';
import type { NodePlace } from '../spec/manifests.js';
import { getJson, listJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import { MemoryStore } from '../store/memory-store.js';
import { Enrolment } from './enrolment.js';
import { type NodeRecord, withCertificate } from './node-record.js';
import { Tokens } from './tokens.js';

const hour = 3_600_000;
const id = 'c0ffee';
const { csrPem } = await createKeyAndCsr();
const authority = await CertificateAuthority.create({ clusterName: 'shoal', now: Date.now() });
const signing = createSigningKey();

const unlimited: GrowthLimits = { name: 'the license', nodes: null, sites: null };

class Clock {
  at = Date.now();
  readonly now = (): number => this.at;
}

async function setup(limits: GrowthLimits = unlimited): Promise<{
  store: MemoryStore;
  tokens: Tokens;
  clock: Clock;
  enroll: (token: string, node: string, part?: object) => Promise<Identity>;
  enrolment: Enrolment;
}> {
  const store = new MemoryStore();
  const clock = new Clock();
  const tokens = new Tokens(store, { id, caFingerprint: authority.fingerprint }, clock.now);
  let serial = 0;
  const leases = new Leases({
    clusterId: id,
    privateKeyPem: signing.privateKeyPem,
    ttlMs: 72 * hour,
    standing: () => decideStanding([], 0),
    serial: () => ++serial,
    now: clock.now,
  });
  const places: NodePlace[] = [];
  const growth = new GrowthGate({ limits: () => limits, places: () => places });
  const enrolment = new Enrolment(
    {
      store,
      tokens,
      leases,
      growth,
      logger: createLogger({ name: 'test', level: 'silent' }),
      cluster: {
        id,
        name: 'shoal',
        authority,
        manifestPublicKeyPem: signing.publicKeyPem,
      },
      gossipKeys: () => [Buffer.alloc(32, 1)],
      stored: ({ name, site }) => void places.push({ name, site }),
    },
    { certificateTtlMs: 24 * hour, now: clock.now },
  );
  const enroll = (token: string, node: string, part: object = {}): Promise<Identity> => {
    const { secret, clusterId } = parseJoinToken(token);
    return enrolment.enroll({ secret, clusterId, node, site: '', csrPem, agentVersion: '1', ...part }, [
      '10.0.0.1:9896',
    ]);
  };
  return { store, tokens, clock, enroll, enrolment };
}

t.test('a host gets an identity for a token; the secret is nowhere in the store', async (t) => {
  const { store, tokens, clock, enroll } = await setup();
  const { token, id: tokenId, state } = await tokens.create({ ttlMs: hour, uses: 2, createdBy: 'ann' });
  t.equal(state, 'active');
  const identity = await enroll(token, 'web1', { site: 'berlin' });
  const certificate = new X509Certificate(identity.certificatePem ?? '');
  const principal = identify(certificate.raw, authority.certificatePem, clock.at);
  t.match(principal, { kind: 'node', name: 'web1', clusterId: id });
  t.equal(Math.round((principal.notAfter - clock.at) / hour), 24);
  t.match(identity, {
    clusterName: 'shoal',
    node: 'web1',
    gossipSeeds: ['10.0.0.1:9896'],
    manifestPublicKeyPem: signing.publicKeyPem,
  });
  t.match(
    verifyDocument<Lease>(
      identity.lease as Required<SignedDocument> & { payload: Buffer; signature: Buffer },
      signing.publicKeyPem,
      'lease',
    ),
    { node: 'web1', tier: 'free', issuedAt: clock.at, expiresAt: clock.at + 72 * hour },
  );
  t.match(await tokens.list(), [{ id: tokenId, uses: 2, usesLeft: 1, createdBy: 'ann' }]);
  t.match((await getJson<NodeRecord>(store, keys.node('web1')))?.value, {
    site: 'berlin',
    certificates: [{ serial: principal.serial }],
  });
  const everything = (await store.list(''))
    .map(({ key, value }) => key + Buffer.from(value).toString())
    .join();
  t.notOk(everything.includes(parseJoinToken(token).secret));
});

t.test('of hosts that race for the last use exactly one gets in', async (t) => {
  const { store, tokens, enroll } = await setup();
  const { token } = await tokens.create({ ttlMs: hour, uses: 3, createdBy: 'ann' });
  const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
  const results = await Promise.allSettled(names.map((name) => enroll(token, name)));
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 3);
  t.equal((await listJson(store, keys.nodes)).length, 3);
  const refused = results.find((result) => result.status === 'rejected');
  t.match(refused?.reason, { code: 'unauthenticated', message: /is used up \(3 of 3 uses\)/ });
  t.match(await tokens.list(), [{ state: 'used', usesLeft: 0 }]);
});

t.test('of hosts that race for the last places of the license no more get in than there are', async (t) => {
  const { store, tokens, enroll } = await setup({ name: 'the free tier', nodes: 3, sites: 1 });
  const { token } = await tokens.create({ ttlMs: hour, uses: 100, createdBy: 'ann' });
  const names = Array.from({ length: 12 }, (_, index) => `n${index}`);
  const results = await Promise.allSettled(names.map((name) => enroll(token, name)));
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 3);
  t.equal((await listJson(store, keys.nodes)).length, 3);
  t.match(await tokens.list(), [{ usesLeft: 97 }], 'who is refused uses nothing up');
  await t.rejects(enroll(token, 'late'), {
    code: 'resource_exhausted',
    message: 'Node "late" can\'t join: the free tier allows 3 nodes, 3 are enrolled',
    hint: /shoal license install FILE.*shoal node rm NAME/,
  });
  await t.rejects(
    enroll(token, 'late', { secret: 'guess' }),
    { code: 'unauthenticated' },
    'strangers learn nothing',
  );
});

t.test('of hosts that race for the last site only those of one site get in', async (t) => {
  const { store, tokens, enroll } = await setup({
    name: 'the license L-1 (e-commerce)',
    nodes: null,
    sites: 2,
  });
  const { token } = await tokens.create({ ttlMs: hour, uses: 100, createdBy: 'ann' });
  await enroll(token, 'b0', { site: 'berlin' });
  const sites = ['oslo', 'rome', 'lyon', 'berlin'];
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) => enroll(token, `n${i}`, { site: sites[i % 4] ?? '' })),
  );
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 6);
  const records = await listJson<NodeRecord>(store, keys.nodes);
  t.equal(new Set(records.map(({ site }) => site)).size, 2);
  const refused = results.find((result) => result.status === 'rejected');
  t.match(refused?.reason, {
    code: 'resource_exhausted',
    message:
      /^Node "n\d+" of site "\w+" can't join: the license L-1 \(e-commerce\) allows 2 sites, in use: berlin, \w+$/,
    hint: /shoal license install FILE/,
  });
});

t.test('of hosts that race for a name exactly one gets it, and the others use nothing up', async (t) => {
  const { tokens, enroll } = await setup();
  const { token } = await tokens.create({ ttlMs: hour, uses: 5, createdBy: 'ann' });
  const requests = await Promise.all(Array.from({ length: 4 }, createKeyAndCsr));
  const results = await Promise.allSettled(requests.map(({ csrPem }) => enroll(token, 'same', { csrPem })));
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  t.match(await tokens.list(), [{ usesLeft: 4 }]);
});

t.test('a host whose answer was lost asks again by the same request, at no further use', async (t) => {
  const { store, tokens, enroll } = await setup();
  const { token, id: tokenId } = await tokens.create({ ttlMs: hour, uses: 1, createdBy: 'ann' });
  await enroll(token, 'a');
  const { node, certificatePem } = await enroll(token, 'a');
  t.equal(node, 'a');
  t.ok(new X509Certificate(certificatePem ?? ''));
  t.match(await tokens.list(), [{ usesLeft: 0 }]);
  t.equal((await getJson<NodeRecord>(store, keys.node('a')))?.value.certificates.length, 2);
  const other = await createKeyAndCsr();
  await t.rejects(enroll(token, 'a', { csrPem: other.csrPem }), {
    code: 'unauthenticated',
    message: /used up/,
  });
  await t.rejects(enroll(token, 'b'), { code: 'unauthenticated', message: /used up/ });
  await tokens.revoke(tokenId);
  await t.rejects(enroll(token, 'a'), { code: 'unauthenticated', message: /revoked/ });
});

t.test('each way in which a token is no good is told apart', async (t) => {
  const { tokens, clock, enroll } = await setup();
  const make = () => tokens.create({ ttlMs: hour, uses: 1, createdBy: 'ann' });
  const refusal = (token: string, part?: object): Promise<ShoalError> =>
    enroll(token, 'x', part).then(
      () => new ShoalError('internal', 'it got in'),
      (error: unknown) => ShoalError.from(error),
    );
  const [expired, revoked, good] = [await make(), await make(), await make()];
  t.match(await refusal(good.token, { secret: 'guess' }), {
    code: 'unauthenticated',
    message: 'The join token is unknown here',
  });
  t.match(await refusal(good.token, { clusterId: 'other' }), {
    code: 'unauthenticated',
    message: 'The join token is for another cluster',
  });
  t.match(await tokens.revoke(revoked.id), { state: 'revoked' });
  t.match(await tokens.revoke(revoked.id), { state: 'revoked' }, 'twice is no error');
  t.match(await refusal(revoked.token), {
    code: 'unauthenticated',
    message: /was revoked/,
    hint: /shoal token create/,
  });
  clock.at += hour;
  t.match(await refusal(expired.token), { code: 'unauthenticated', message: /expired at 20/ });
  await t.rejects(tokens.revoke('none'), { code: 'not_found' });
  clock.at += 8 * 24 * hour;
  await tokens.prune();
  t.same(await tokens.list(), []);
});

t.test('names, sites and signing requests are checked, and cost no use', async (t) => {
  const { tokens, enroll } = await setup();
  const { token } = await tokens.create({ ttlMs: hour, uses: 1, createdBy: 'ann' });
  await t.rejects(enroll(token, 'Web 1'), { code: 'invalid_input', message: /node name/ });
  await t.rejects(enroll(token, 'a', { site: 'Berlin!' }), { code: 'invalid_input', message: /site/ });
  await t.rejects(enroll(token, 'a', { csrPem: 'nonsense' }), {
    code: 'invalid_input',
    message: /signing request/,
  });
  await t.rejects(enroll(token, 'controller'), { code: 'already_exists' });
  t.match(await tokens.list(), [{ usesLeft: 1 }]);
});

t.test('renewal gives a fresh certificate beside those that are still good', async (t) => {
  const { store, tokens, clock, enroll, enrolment } = await setup();
  const { token } = await tokens.create({ ttlMs: hour, uses: 1, createdBy: 'ann' });
  await enroll(token, 'a');
  clock.at += 16 * hour;
  const renewed = await enrolment.renew('a', csrPem, []);
  t.ok(Date.parse(new X509Certificate(renewed.certificatePem ?? '').validTo) > clock.at + 23 * hour);
  const record = (await getJson<NodeRecord>(store, keys.node('a')))?.value;
  t.equal(record?.certificates.length, 2);
  if (record === undefined) throw new Error('no record');
  const later = withCertificate(
    record,
    { serial: 's', notAfter: clock.at + 100 * hour },
    clock.at + 10 * hour,
  );
  t.same(
    later.certificates.map(({ serial }) => serial),
    [record.certificates[1]?.serial, 's'],
    'those that are over are dropped',
  );
  await t.rejects(enrolment.renew('b', csrPem, []), { code: 'not_found' });
});

t.test('renewals at the same time leave no certificate out of the record', async (t) => {
  const { store, tokens, enroll, enrolment } = await setup();
  const { token } = await tokens.create({ ttlMs: hour, uses: 1, createdBy: 'ann' });
  const first = await enroll(token, 'a');
  const transact = store.transact.bind(store);
  // As from a disk, the answer comes after others could read what was committed.
  store.transact = async (transaction) => {
    const result = await transact(transaction);
    await new Promise((resolve) => setImmediate(resolve));
    return result;
  };
  const renewed = await Promise.all(Array.from({ length: 8 }, () => enrolment.renew('a', csrPem, [])));
  const serials = [first, ...renewed].map(({ certificatePem = '' }) =>
    new X509Certificate(certificatePem).serialNumber.toLowerCase(),
  );
  const record = (await getJson<NodeRecord>(store, keys.node('a')))?.value;
  t.same(record?.certificates.map(({ serial }) => serial).sort(), serials.sort(), 'each can be revoked');
});
