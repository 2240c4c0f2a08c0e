import t from 'tap';
import { until } from '../controller.test.support.js';
import { ann, day, hour, start, world } from './license-world.test.support.js';

const messages = (view: { warnings: readonly { message: string }[] }): string[] =>
  view.warnings.map(({ message }) => message);

t.test(
  'a renewal that begins later is kept, told, and takes over by itself',
  { timeout: 20_000 },
  async (t) => {
    const w = await world(t);
    const keeper = await w.open();
    keeper.start();
    await keeper.install(await w.issue({ tier: 'e-commerce', expiresAt: start + 10 * day }), ann);
    t.match(messages(keeper.view()), [/ends in 10 d/]);
    const renewal = await w.issue({ id: 'L-2', tier: 'premium', notBefore: start + 10 * day });
    const outcome = {
      licenseId: 'L-2',
      counts: 'later',
      from: start + 10 * day,
      message:
        'The license L-2 (premium) counts from 2026-03-11 00:00 UTC on, when it begins, in place of L-1',
    };
    t.match(await keeper.preview(renewal), { outcome, licenseId: 'L-1', next: [{ licenseId: 'L-2' }] });
    t.same(keeper.view().next, [], 'looking changes nothing');
    t.match(await keeper.install(renewal, ann), {
      outcome,
      tier: 'e-commerce',
      licenseId: 'L-1',
      next: [{ licenseId: 'L-2', tier: 'premium', notBefore: start + 10 * day, limits: { sites: 5 } }],
      gap: null,
      coveredUntil: start + 365 * day,
      problems: [],
      warnings: [],
    });
    w.host.pass(10 * day);
    await keeper.check();
    t.match(keeper.view(), { tier: 'premium', licenseId: 'L-2', next: [], problems: [{ licenseId: 'L-1' }] });
    t.same(w.changes, [
      { change: 'installed', licenseId: 'L-1' },
      { change: 'installed', licenseId: 'L-2' },
      { change: 'ended', licenseId: 'L-1' },
      { change: 'took-over', licenseId: 'L-2' },
    ]);
    const soon = await w.issue({ id: 'L-3', notBefore: w.host.wall + 150_000 });
    t.match((await keeper.install(soon, ann)).outcome, { counts: 'later', from: w.host.wall + 150_000 });
    w.host.pass(149_000);
    await keeper.check();
    t.equal(keeper.standing.license?.id, 'L-2', 'not before the time that was told');
    w.host.pass(1001);
    await until(
      'it takes over without a look that is asked for',
      () => keeper.standing.license?.id === 'L-3',
    );
  },
);

t.test(
  'the time between two licenses is told, and the one that comes can be removed by its id',
  async (t) => {
    const w = await world(t);
    const keeper = await w.open();
    await keeper.install(await w.issue({ expiresAt: start + 100 * day, graceMs: 0 }), ann);
    const view = await keeper.install(await w.issue({ id: 'L-2', notBefore: start + 103 * day }), ann);
    t.match(view, {
      gap: { from: start + 100 * day, until: start + 103 * day },
      coveredUntil: start + 100 * day,
      outcome: {
        message: 'The license L-2 (enterprise) counts from 2026-06-12 00:00 UTC on, when it begins',
      },
    });
    t.same(messages(view), [
      'No license counts from 2026-06-09 00:00 UTC to 2026-06-12 00:00 UTC, the free tier does: install one for that time',
    ]);
    w.host.pass(101 * day + 7);
    await keeper.check();
    const [over] = keeper.view().problems;
    t.match(over, { licenseId: 'L-1', message: /expired at 2026-06-09T00:00:00Z; it is [\dT:-]+Z now$/ });
    t.notMatch(over?.hint, /clock/, 'it ran out where it was installed');
    t.same(messages(keeper.view()), [
      'The license L-1 ended at 2026-06-09 00:00 UTC: the free tier counts. What runs goes on within its limits; L-2 counts from 2026-06-12 00:00 UTC on',
    ]);
    const third = await w.issue({ id: 'L-3', notBefore: start + 102 * day, expiresAt: start + 103 * day });
    t.match(await keeper.install(third, ann), {
      status: 'expired',
      next: [{ licenseId: 'L-3' }, { licenseId: 'L-2' }],
    });
    t.match(await keeper.remove('L-2', ann), { status: 'expired', next: [{ licenseId: 'L-3' }] });
    t.match(await keeper.remove('L-1', ann), {
      status: 'none',
      licenseId: null,
      next: [{ licenseId: 'L-3' }],
    });
    t.same(messages(keeper.view()), [
      'No license counts yet, the free tier does: L-3 counts from 2026-06-11 00:00 UTC on',
    ]);
  },
);

t.test('a license that another one keeps out says which one, and whether it ever counts', async (t) => {
  const w = await world(t);
  const keeper = await w.open();
  const issue = (id: string, days: number, expires: number): Promise<string> =>
    w.issue({
      id,
      tier: 'premium',
      issuedAt: start - days * day,
      notBefore: start - days * day,
      expiresAt: start + expires * day,
    });
  await keeper.install(await issue('newest', 0, 30), ann);
  t.match((await keeper.install(await issue('longer', 1, 60), ann)).outcome, {
    counts: 'later',
    from: start + 30 * day,
    message: 'The license longer (premium) counts from 2026-03-31 00:00 UTC on, when newest ends',
  });
  t.match((await keeper.install(await issue('shorter', 2, 20), ann)).outcome, {
    counts: 'never',
    from: null,
    message:
      'The license shorter (premium) does not count: it is older than newest (premium), which counts until 2026-03-31 00:00 UTC',
  });
  t.match(keeper.view(), {
    licenseId: 'newest',
    next: [{ licenseId: 'longer' }],
    problems: [{ licenseId: 'shorter', reason: 'superseded', hint: /shoal license rm shorter/ }],
    coveredUntil: start + 60 * day,
    warnings: [],
  });
  w.host.pass(31 * day + hour);
  await keeper.check();
  t.match(keeper.view(), {
    licenseId: 'longer',
    problems: [
      {
        licenseId: 'shorter',
        message: /does not count: it ended at 2026-03-21 00:00 UTC, and longer \(premium\) counts/,
      },
      { licenseId: 'newest', message: /^the license newest \(premium\) does not count: it ended at/ },
    ],
  });
  t.match((await keeper.install(await w.issue({ id: 'now' }), ann)).outcome, {
    counts: 'now',
    message: 'The license now (enterprise) counts at once',
  });
  const again = await w.issue({ id: 'now', tier: 'premium', issuedAt: w.host.wall + 1000 });
  t.match(await keeper.install(again, ann), { tier: 'premium', next: [] }, 'made again by the same id');
});

t.test(
  'a license that is issued anew, with the same id, takes the place of the one before when it begins',
  async (t) => {
    const w = await world(t);
    const keeper = await w.open();
    const first = await w.issue({ tier: 'e-commerce', expiresAt: start + 20 * day });
    await keeper.install(first, ann);
    w.host.pass(hour);
    const anew = await w.issue({ tier: 'premium', issuedAt: w.host.wall });
    t.match(await keeper.install(anew, ann), {
      outcome: { counts: 'now' },
      tier: 'premium',
      expiresAt: w.host.wall + 365 * day,
      problems: [],
    });
    t.match(await keeper.install(first, ann), {
      outcome: {
        counts: 'never',
        message: /^The license L-1 \(e-commerce\) does not count: it is older than L-1/,
      },
      tier: 'premium',
      problems: [{ licenseId: 'L-1', hint: /newer/ }],
    });
    t.match((await w.open()).view(), { tier: 'premium' }, 'after a restart too');
    w.host.pass(hour);
    const later = { tier: 'enterprise', issuedAt: w.host.wall, notBefore: w.host.wall + 30 * day };
    t.match(await keeper.install(await w.issue(later), ann), {
      outcome: { counts: 'later', from: later.notBefore },
      tier: 'premium',
      next: [{ licenseId: 'L-1', tier: 'enterprise' }],
    });
    w.changes.length = 0;
    w.host.pass(30 * day);
    await keeper.check();
    t.match(keeper.view(), { tier: 'enterprise', next: [] });
    t.same(w.changes, [{ change: 'took-over', licenseId: 'L-1' }]);
  },
);

t.test(
  'a license that follows only in its grace says so, and leaves the end before it warned of',
  async (t) => {
    const w = await world(t);
    const keeper = await w.open();
    await keeper.install(await w.issue({ expiresAt: start + day, graceMs: 14 * day }), ann);
    w.host.pass(2 * day);
    const end = w.host.wall + hour;
    t.match(await keeper.install(await w.issue({ id: 'L-2', expiresAt: end, graceMs: 0 }), ann), {
      licenseId: 'L-2',
      next: [
        {
          licenseId: 'L-1',
          countsFrom: end,
          message:
            'counts from 2026-03-03 01:00 UTC on, when L-2 ends, in its grace until 2026-03-16 00:00 UTC',
        },
      ],
      coveredUntil: end,
      warnings: [{ message: /^The license L-2 ends in 1 h, at 2026-03-03 01:00 UTC: install its successor/ }],
    });
    w.host.pass(hour);
    await keeper.check();
    t.match(keeper.view(), { licenseId: 'L-1', status: 'grace', coveredUntil: start + day });
    t.match(messages(keeper.view()), [/^The license L-1 ended at .*; it counts for 12 d /]);
  },
);
