import type { LicenseView } from '@shoal/common';
import { test } from 'tap';
import { loadLogic } from './console-logic.js';

/** What is tested here of the console: how it tells of the license. */
interface Logic {
  useWords(use: { used: number; limit: number | null }): string;
  useTone(use: { used: number; limit: number | null }): string;
  serviceLimitWords(limits: Readonly<Record<string, number>>): string;
  featureWords(features: readonly string[]): string;
  licenseDifferences(
    before: LicenseView,
    after: LicenseView,
    now: number,
  ): readonly { what: string; before: string; after: string; isChanged: boolean }[];
  onceCounting(license: LicenseView, next: object): LicenseView;
  isOfProblem(warning: object, problems: readonly object[]): boolean;
  leaseTroubles(nodes: readonly object[]): readonly object[];
}

const logic = await loadLogic<Logic>(['lib/license-words']);

test('a license is told in words, and what another one would change', async (t) => {
  const limit = (used: number, most: number | null) => ({ used, limit: most });
  t.equal(logic.useWords(limit(2, 5)), '2 of 5');
  t.equal(logic.useWords(limit(3, null)), '3, no limit');
  t.same(
    [limit(1, 2), limit(2, 2), limit(3, 2), limit(9, null)].map((use) => logic.useTone(use)),
    ['good', 'warn', 'bad', 'good'],
  );
  t.equal(logic.serviceLimitWords({ requestsPerSecond: 5000 }), '5,000 requests per second');
  t.equal(logic.serviceLimitWords({}), 'no limit');
  t.same([['*'], [], ['waf', 'sso']].map(logic.featureWords), ['all', 'none', 'waf, sso']);
  const now = Date.UTC(2027, 0, 1);
  const limits = { sites: limit(1, 1), nodes: limit(2, 10), features: [], service: {} };
  const before = { tier: 'free', licenseId: null, expiresAt: null, leaseMs: 1000, limits } as never;
  const after = {
    tier: 'premium',
    licenseId: 'a',
    customer: 'Harbor',
    expiresAt: now + 86_400_000,
    leaseMs: 1000,
    limits: { ...limits, sites: limit(1, 5) },
  } as never;
  const changed = logic.licenseDifferences(before, after, now).filter(({ isChanged }) => isChanged);
  t.same(
    changed.map((row) => [row.what, row.before, row.after]),
    [
      ['License', 'none', 'a'],
      ['Tier', 'free', 'premium'],
      ['Customer', '–', 'Harbor'],
      ['Ends', '–', '2027-01-02, 24 h left'],
      ['Sites', '1 of 1', '1 of 5'],
    ],
  );
  const node = (name: string, state: string) => ({ name, lease: { tier: 'free', state, expiresAt: 1 } });
  t.same(
    logic.leaseTroubles([
      node('c', 'expired'),
      node('b', 'degraded'),
      node('a', 'degraded'),
      { lease: null },
    ]),
    [
      { state: 'degraded', nodes: ['a', 'b'] },
      { state: 'expired', nodes: ['c'] },
    ],
    'the worse first',
  );
  t.same(logic.leaseTroubles([node('a', 'warning')]), []);
});

test('a license is told as it will be once another one counts, with what is used now', async (t) => {
  const use = (limit: number) => ({ used: 2, limit });
  const license = { tier: 'free', status: 'none', limits: { sites: use(1), nodes: use(10) } } as never;
  const limits = { sites: 5, nodes: null, features: ['waf'], service: {} };
  t.match(logic.onceCounting(license, { licenseId: 'b', tier: 'premium', limits }), {
    ...{ licenseId: 'b', tier: 'premium', status: 'active' },
    limits: { sites: use(5), nodes: { used: 2, limit: null }, features: ['waf'] },
  });
});

test('a warning of a license that doesn’t count is known as such', async (t) => {
  const problems = [{ message: 'the license is for the cluster a' }];
  const of = (message: string) => logic.isOfProblem({ message }, problems);
  t.equal(of('The license b does not count: it is for the cluster a. Ask'), true);
  t.equal(of('The license b ends in 5 d'), false);
});
