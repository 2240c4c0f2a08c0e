import { createLogger, createSigningKey, type Lease, signDocument } from '@shoal/common';
import t, { type Test } from 'tap';
import { waitFor } from '../testing/wait.js';
import { LeaseKeeper } from './lease-keeper.js';

const key = createSigningKey();
const trust = { manifestPublicKeyPem: key.publicKeyPem, clusterId: 'c', node: 'n' };
const logger = createLogger({ name: 'test', level: 'silent' });
const hour = 3600_000;

function lease(part: Partial<Lease> = {}) {
  const base: Lease = {
    format: 2,
    clusterId: 'c',
    node: 'n',
    serial: 1,
    tier: 'premium',
    limits: { rps: 5 },
    features: [],
    licenseId: 'license-1',
    licenseExpiresAt: null,
    issuedAt: 1_000_000_000_000,
    expiresAt: 1_000_000_000_000 + hour,
    graceMs: 0,
  };
  return signDocument({ ...base, ...part }, key.privateKeyPem);
}

async function keeper(t: Test, dataDir: string, clock: { at: number }) {
  const made = new LeaseKeeper({ dataDir, logger, now: () => clock.at, changed: () => undefined });
  t.teardown(() => made.stop());
  await made.start(trust);
  return made;
}

t.test('grants the free tier without a lease, the lease’s own while it is valid', async (t) => {
  const clock = { at: 1_000_000_000_000 };
  const made = await keeper(t, t.testdir(), clock);
  t.strictSame(made.grant(), { tier: 'free', limits: {} });
  await made.accept(lease(), trust);
  t.strictSame(made.grant(), { tier: 'premium', limits: { rps: 5 } });
  clock.at += hour;
  t.strictSame(made.grant(), { tier: 'free', limits: {} });
});

t.test('a clock set back makes no lease longer, not even over a restart', async (t) => {
  const dataDir = t.testdir();
  const clock = { at: 1_000_000_000_000 };
  const first = await keeper(t, dataDir, clock);
  await first.accept(lease(), trust);
  clock.at += 2 * hour;
  t.equal(first.grant().tier, 'free');
  clock.at -= 2 * hour;
  t.equal(first.grant().tier, 'free');
  await first.stop();
  t.equal((await keeper(t, dataDir, clock)).grant().tier, 'free');
});

t.test(
  'a kept lease is valid again after a restart; a newer one is not replaced by an older one',
  async (t) => {
    const dataDir = t.testdir();
    const clock = { at: 1_000_000_000_000 };
    const first = await keeper(t, dataDir, clock);
    await first.accept(lease({ tier: 'enterprise', issuedAt: 1_000_000_000_500 }), trust);
    await first.accept(lease({ tier: 'premium' }), trust);
    await first.stop();
    const second = await keeper(t, dataDir, clock);
    t.equal(second.grant().tier, 'enterprise');
    await second.forget();
    t.equal(second.grant().tier, 'free');
  },
);

t.test('leases of others and altered ones are refused', async (t) => {
  const made = await keeper(t, t.testdir(), { at: 1_000_000_000_000 });
  for (const document of [
    lease({ node: 'other' }),
    lease({ clusterId: 'other' }),
    { ...lease(), signature: Buffer.alloc(64) },
    signDocument({}, createSigningKey().privateKeyPem),
  ]) {
    await t.rejects(made.accept(document, trust), { code: 'permission_denied' });
  }
  t.equal(made.grant().tier, 'free');
});

t.test('the end of a lease is told when it comes', async (t) => {
  let changes = 0;
  const count = () => {
    changes += 1;
  };
  const made = new LeaseKeeper({ dataDir: t.testdir(), logger, changed: count });
  t.teardown(() => made.stop());
  await made.start(trust);
  const now = Date.now();
  await made.accept(lease({ issuedAt: now, expiresAt: now + 300 }), trust);
  t.equal(changes, 1);
  t.equal(made.grant().tier, 'premium');
  await waitFor('the end', () => changes === 2);
  t.equal(made.grant().tier, 'free');
});
