import { createSigningKey, type Lease, type License, verifyDocument } from '@shoal/common';
import t from 'tap';
import { Leases } from './leases.js';
import { decideStanding } from './standing.js';

const hour = 3_600_000;
const day = 24 * hour;
const key = createSigningKey();
const license: License = {
  ...{ id: 'L-1', vendor: 'v', customer: 'c', keyId: 'k', cluster: 'any', tier: 'gold' },
  limits: { sites: 3, nodes: null, features: ['waf'], service: { requestsPerSecond: 500 } },
  ...{ issuedAt: 0, notBefore: 0, expiresAt: 100 * day, graceMs: day, leaseMs: 2 * day, warnDays: [30] },
};

/** Leases at a time of the license, with this bound by the configuration. */
function leases(
  now: number,
  { leaseMs = license.leaseMs, ttlMs = undefined as number | undefined, others = [] as License[] } = {},
) {
  const own = { ...license, leaseMs };
  const standing = decideStanding(
    [own, ...others].map((one) => ({ source: 'installed', license: one })),
    now,
  );
  let serial = 7;
  return new Leases({
    ...{ clusterId: 'c1', privateKeyPem: key.privateKeyPem, ttlMs, now: () => now },
    standing: () => standing,
    serial: () => serial++,
  });
}

function granted(from: Leases, node = 'web1'): Lease {
  const { payload, signature } = from.grant(node) as { payload: Buffer; signature: Buffer };
  return verifyDocument<Lease>({ payload, signature }, key.publicKeyPem, 'lease');
}

t.test("a lease carries the license's limits and term, and is bound to cluster and node", async (t) => {
  const made = leases(5 * day);
  t.same(granted(made), {
    ...{ format: 2, clusterId: 'c1', node: 'web1', serial: 7, tier: 'gold' },
    ...{
      limits: { requestsPerSecond: 500 },
      features: ['waf'],
      licenseId: 'L-1',
      licenseExpiresAt: 100 * day,
    },
    ...{ issuedAt: 5 * day, expiresAt: 7 * day, graceMs: Math.round((2 * day) / 7) },
  });
  t.equal(granted(made).serial, 8);
  t.equal(made.granted, 2);
});

t.test('in its grace the license counts in full; after it leases are those of the free tier', async (t) => {
  t.match(granted(leases(100.5 * day)), { tier: 'gold', licenseExpiresAt: 100 * day });
  const successor = { ...license, id: 'L-2', notBefore: 100 * day, expiresAt: 300 * day };
  t.match(
    granted(leases(99 * day, { others: [successor] })),
    { licenseId: 'L-1', licenseExpiresAt: 300 * day },
    'no node warns of an end that another license follows',
  );
  const free = granted(leases(101 * day));
  t.match(free, {
    tier: 'free',
    licenseId: null,
    licenseExpiresAt: null,
    limits: { requestsPerSecond: 100 },
    features: [],
  });
  t.equal(free.expiresAt - free.issuedAt, 7 * day);
});

t.test(
  'leases are renewed each hour, shorter ones after a third of their term; leaseTtl only shortens',
  async (t) => {
    const of = (options: Parameters<typeof leases>[1]) => {
      const { termMs, renewAfterMs } = leases(day, options);
      return [termMs, renewAfterMs];
    };
    t.same(of({}), [2 * day, hour]);
    t.same(of({ ttlMs: 90 * 60_000 }), [1.5 * hour, hour / 2]);
    t.same(of({ ttlMs: 30 * day }), [2 * day, hour]);
    t.same(of({ leaseMs: 400 * day }), [90 * day, hour], 'agents honor no more');
  },
);

t.test('a node that says it has a later serial gets one above it, others get theirs', async (t) => {
  const made = leases(day);
  made.lastSerial('web1', 2_000_000);
  made.lastSerial('web2', 3);
  t.same(
    [granted(made), granted(made), granted(made, 'web2')].map(({ serial }) => serial),
    [2_000_001, 2_000_002, 9],
  );
  made.lastSerial('web1', Number.MAX_SAFE_INTEGER);
  t.equal(granted(made).serial, 10, 'there is none above it: its lie is its own trouble');
  made.lastSerial('web1', 2 ** 60);
  t.equal(granted(made).serial, 11);
});
