import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestVendor } from '@shoal/common/testing';
import t from 'tap';
import { until } from '../controller.test.support.js';
import { createAuditLog } from '../operations/audit.js';
import { ann, day, hour, start, world } from './license-world.test.support.js';

t.test('without a license the free tier counts', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  w.places.push({ name: 'a', site: 'x' });
  t.match(keeper.view(), {
    tier: 'free',
    licenseId: null,
    status: 'none',
    limits: {
      sites: { limit: 1, used: 1 },
      nodes: { limit: 10, used: 1 },
      service: { requestsPerSecond: 100 },
    },
    leaseMs: 7 * day,
    problems: [],
    warnings: [],
  });
  t.equal(keeper.name, 'the free tier');
});

t.test(
  'an installed license counts at once, also after a restart, and its successor without one',
  async (t) => {
    const w = await world(t);
    const keeper = await w.open();
    let changes = 0;
    keeper.onChange(() => {
      changes += 1;
    });
    const view = await keeper.install(`\n${await w.issue({ tier: 'e-commerce', leaseMs: 2 * hour })}\n`, ann);
    t.match(view, {
      tier: 'e-commerce',
      licenseId: 'L-1',
      customer: 'Test customer',
      status: 'active',
      limits: { sites: { limit: 2 }, nodes: { limit: null }, service: {} },
      leaseMs: 2 * hour,
      warnings: [],
    });
    t.equal(changes, 1);
    t.match(await w.open().then((again) => again.view()), { licenseId: 'L-1', status: 'active' });
    w.host.pass(hour);
    const renewed = await keeper.install(await w.issue({ id: 'L-2', tier: 'premium' }), ann);
    t.match(renewed, {
      tier: 'premium',
      licenseId: 'L-2',
      problems: [{ licenseId: 'L-1', reason: 'superseded', hint: /shoal license rm L-1/ }],
      warnings: [],
    });
    t.equal(changes, 2);
    await keeper.install(await w.issue({ id: 'L-0', tier: 'e-commerce', issuedAt: start - day }), ann);
    t.equal(keeper.standing.license?.id, 'L-2', 'an older one that comes later is kept, and does not count');
    t.equal(changes, 2);
    t.match(await createAuditLog(w.store).list(10), [
      { operation: 'license.install', actor: 'ann', input: { licenseId: 'L-0' }, outcome: 'ok' },
      { operation: 'license.install', input: { licenseId: 'L-2', tier: 'premium' } },
      { operation: 'license.install', input: { licenseId: 'L-1', tier: 'e-commerce' } },
    ]);
    await t.rejects(keeper.remove(undefined, ann), {
      code: 'failed_precondition',
      message: '3 licenses are installed: L-1, L-2, L-0',
      hint: /shoal license rm ID/,
    });
    await t.rejects(keeper.remove('L-9', ann), {
      code: 'not_found',
      message: 'No license "L-9" is installed',
    });
    t.match(await keeper.remove('L-2', ann), { licenseId: 'L-1' });
  },
);

t.test('each refusal names its reason and what to do, and changes nothing', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  await keeper.install(await w.issue(), ann);
  const other = await TestVendor.create(() => w.host.wall);
  const good = await w.issue({ id: 'L-2' });
  const parts = good.split('.');
  const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString()) as {
    shoal: { tier: string };
  };
  const table: readonly (readonly [string, string | Promise<string>, RegExp])[] = [
    ['tampered', [parts[0], header({ ...claims, jti: 'L-3' }), parts[2]].join('.'), /signature/],
    ['no algorithm', [header({ alg: 'none' }), parts[1], parts[2]].join('.'), /algorithm/],
    [
      'another algorithm',
      [header({ alg: 'HS256', kid: w.vendor.key.kid }), parts[1], parts[2]].join('.'),
      /algorithm/,
    ],
    ['key confusion', other.issue({ id: 'L-4' }), /key/],
    ['truncated', good.slice(0, -20), /truncated/],
    ['two parts', parts.slice(0, 2).join('.'), /truncated/],
    ['nothing', ' \n', /empty/],
    ['another cluster', w.issue({ id: 'L-5', cluster: 'c2' }), /c2/],
    [
      'over',
      w.issue({
        id: 'L-7',
        issuedAt: start - 99 * day,
        notBefore: start - 99 * day,
        expiresAt: start - 20 * day,
      }),
      /expired|ended/,
    ],
    [
      'made in the future',
      w.issue({ id: 'L-8', issuedAt: start + 9 * day, notBefore: start - day }),
      /clock/,
    ],
  ];
  for (const [what, text, message] of table) {
    const refused = await keeper.install(await text, ann).then(
      () => undefined,
      (error: Error & { hint?: string }) => error,
    );
    t.match(refused?.message, message, what);
    t.ok(refused?.hint, `${what}: ${refused?.hint}`);
  }
  t.match(keeper.view(), { licenseId: 'L-1', problems: [] });
});

t.test('a file counts like an installed license, and is read again as it changes', async (t) => {
  const w = await world(t);
  const file = join(t.testdir(), 'license');
  const keeper = await w.open(file);
  t.match(keeper.view(), { tier: 'free', problems: [{ source: file, reason: 'unreadable' }] });
  t.match(keeper.view().warnings, [
    {
      severity: 'critical',
      message: /^The license of controller.yaml does not count: there is no file .*\. Put /,
    },
  ]);
  await writeFile(file, await w.issue({ tier: 'premium' }));
  await keeper.check();
  t.match(keeper.view(), { tier: 'premium', licenseId: 'L-1', problems: [], warnings: [] });
  await keeper.install(await w.issue({ tier: 'premium' }), ann);
  t.same(keeper.view().problems, [], 'the same license twice is one');
  await writeFile(file, 'x'.repeat(100_000));
  await keeper.check();
  t.match(keeper.view(), {
    licenseId: 'L-1',
    problems: [{ source: file, reason: 'not-a-license', message: /too large/ }],
  });
  await t.rejects(keeper.remove('L-2', ann), {
    message: 'No license "L-2" is installed',
    hint: /The one in .*license is taken out in controller.yaml/,
  });
});

t.test('its end is told early, then its grace counts in full, then the free tier', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  const tiers: string[] = [];
  keeper.onChange(() => tiers.push(keeper.standing.tier));
  await keeper.install(await w.issue({ tier: 'e-commerce', expiresAt: start + 40 * day }), ann);
  for (const site of ['x', 'y']) for (let i = 0; i < 8; i += 1) w.places.push({ name: `${site}${i}`, site });
  const at = async (days: number): Promise<string[]> => {
    w.host.pass(start + days * day - w.host.wall);
    await keeper.check();
    return keeper.warnings().map(({ message }) => message);
  };
  t.same(await at(9), []);
  const told = () => w.log.filter((line) => line.includes('ends in')).length;
  t.match(await at(10.5), [
    /^The license L-1 ends in 29 d, at 2026-04-10 00:00 UTC: .*shoal license install FILE$/,
  ]);
  t.equal(told(), 1);
  await at(11);
  t.equal(told(), 1, 'once for each of 30, 15, 7 and 1 days');
  for (const days of [25.5, 33.5]) await at(days);
  t.equal(told(), 3);
  t.match(await at(39.5), [/ends in 12 h/]);
  t.equal(told(), 4);
  t.match(await at(41), [
    /^The license L-1 ended at 2026-04-10 00:00 UTC; it counts for 13 d more, then the free tier/,
  ]);
  t.match(keeper.view(), { tier: 'e-commerce', status: 'grace' });
  t.match(await at(55), [
    /^The license L-1 ended .*, its grace .*: the free tier counts/,
    '16 nodes are enrolled, the free tier allows 10: they go on, no other can join',
    'Nodes stand at 2 sites, the free tier allows 1: they go on, no other site can be added',
  ]);
  t.match(keeper.view(), {
    tier: 'free',
    licenseId: 'L-1',
    status: 'expired',
    limits: { sites: { limit: 1, used: 2 } },
  });
  t.same(tiers, ['e-commerce', 'free']);
  t.match(await createAuditLog(w.store).list(1), [
    {
      operation: 'license.changed',
      actor: 'controller',
      door: 'controller',
      input: { state: 'expired', tier: 'free' },
    },
  ]);
  const successor = await keeper.install(await w.issue({ id: 'L-2', tier: 'premium' }), ann);
  t.match(successor, { tier: 'premium', problems: [], warnings: [] }, 'the one that ended makes room');
});

t.test('an earlier license that is still good goes before a newer one in grace', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  await keeper.install(
    await w.issue({ id: 'long', tier: 'premium', issuedAt: start - day, notBefore: start - day }),
    ann,
  );
  await keeper.install(await w.issue({ id: 'trial', tier: 'enterprise', expiresAt: start + 10 * day }), ann);
  t.equal(keeper.standing.license?.id, 'trial');
  w.host.pass(11 * day);
  await keeper.check();
  t.equal(keeper.standing.license?.id, 'long');
});

// Less than what the look takes that comes every 30 s anyway.
t.test(
  'one that is installed while it runs is over at its end, however soon that is',
  { timeout: 20_000 },
  async (t) => {
    const w = await world(t);
    const keeper = await w.open();
    keeper.start();
    await keeper.install(await w.issue({ tier: 'premium', expiresAt: start + 1000, graceMs: 0 }), ann);
    t.equal(keeper.standing.tier, 'premium');
    w.host.pass(2000);
    await until('the free tier', () => keeper.standing.tier === 'free');
  },
);

t.test('what is the matter is logged once, not at each look', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  await keeper.install(await w.issue({ tier: 'premium', expiresAt: start + day, graceMs: 0 }), ann);
  w.host.pass(2 * day);
  await keeper.check();
  const lines = w.log.length;
  t.match(w.log.at(-1), /free tier counts/);
  for (let look = 0; look < 3; look += 1) {
    w.host.pass(30_000);
    await keeper.check();
  }
  t.same(w.log.slice(lines), []);
});
