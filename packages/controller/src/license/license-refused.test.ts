import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrustedLicenseKeys } from '@shoal/common';
import t from 'tap';
import { ann, day, hour, start, type World, world } from './license-world.test.support.js';

/** What a build has in which the vendor revoked its key. */
function revokedBy({ vendor }: World): TrustedLicenseKeys {
  return {
    ...vendor.trust,
    revoked: [{ kid: vendor.key.kid, reason: 'the laptop was stolen', at: '2026-02-01T00:00:00Z' }],
  };
}

t.test('a license that counted is named when a new build refuses it, and can be removed', async (t) => {
  const w = await world(t);
  const before = await w.open();
  await before.install(await w.issue({ tier: 'premium', customer: 'Harbor' }), ann);
  await before.stop();
  const keeper = await w.open(undefined, revokedBy(w));
  t.match(keeper.view(), {
    tier: 'free',
    licenseId: null,
    status: 'refused',
    expiresAt: null,
    limits: { sites: { limit: 1 }, service: { requestsPerSecond: 100 } },
    problems: [
      {
        source: 'installed',
        licenseId: 'L-1',
        known: { licenseId: 'L-1', tier: 'premium', customer: 'Harbor', expiresAt: start + 365 * day },
        reason: 'key-revoked',
        message: /the laptop was stolen/,
        hint: /signed by another key.*shoal license rm L-1$/,
      },
    ],
    warnings: [
      {
        severity: 'critical',
        message:
          /^The license L-1 \(premium, Harbor\) does not count: it is signed by the key .*stolen\. Ask /,
      },
    ],
  });
  t.match(w.log.join(''), /"level":"error".*The license L-1 \(premium, Harbor\) does not count/);
  const gone = await keeper.remove(undefined, ann);
  t.match(gone, { status: 'none', problems: [], warnings: [] });
});

t.test('so is one whose key the build does not know any more, and one of another cluster', async (t) => {
  const w = await world(t);
  await (await w.open()).install(await w.issue({ tier: 'premium' }), ann);
  const unknowing = await w.open(undefined, { keys: [], revoked: [] });
  t.match(unknowing.view(), { status: 'refused', problems: [{ licenseId: 'L-1', reason: 'key-unknown' }] });
  await (await w.open()).install(await w.issue({ id: 'L-2', cluster: 'c1' }), ann);
  const restored = await w.open(undefined, undefined, 'c2');
  t.match(restored.view(), {
    licenseId: 'L-1',
    status: 'active',
    problems: [{ licenseId: 'L-2', reason: 'other-cluster', hint: /shoal license rm L-2$/ }],
    warnings: [
      { severity: 'warning', message: /^The license L-2 \(enterprise, .*is for the cluster c1, this is c2/ },
    ],
  });
  t.match(await restored.remove('L-1', ann), { status: 'refused', tier: 'free', licenseId: null });
});

t.test('a file remembers what was good in it last, over restarts', async (t) => {
  const w = await world(t);
  const file = join(t.testdir(), 'license');
  await writeFile(file, await w.issue({ tier: 'premium', customer: 'Harbor' }));
  const before = await w.open(file);
  t.match(before.view(), { status: 'active' });
  await before.stop();
  const keeper = await w.open(file, revokedBy(w));
  const known = { licenseId: 'L-1', tier: 'premium' };
  t.match(keeper.view(), {
    status: 'refused',
    problems: [{ source: file, licenseId: 'L-1', known, reason: 'key-revoked' }],
  });
  await writeFile(file, 'nonsense');
  await keeper.check();
  t.match(keeper.view(), {
    status: 'refused',
    problems: [
      {
        licenseId: null,
        known,
        reason: 'not-a-license',
        message: /the last one that was good there is L-1 \(premium\)$/,
      },
    ],
  });
});

t.test('of one that ended and one that is refused the later is told', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  await keeper.install(
    await w.issue({ id: 'short', cluster: 'c1', expiresAt: start + day, graceMs: 0 }),
    ann,
  );
  await keeper.install(await w.issue({ id: 'long', issuedAt: start + hour, cluster: 'c1' }), ann);
  w.host.pass(2 * day);
  await keeper.check();
  t.match((await w.open(undefined, undefined, 'c2')).view(), { status: 'refused', problems: [{}, {}] });
  await keeper.remove('long', ann);
  t.match(keeper.view(), { status: 'expired', licenseId: 'short' });
});
