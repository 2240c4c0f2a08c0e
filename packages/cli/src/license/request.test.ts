import { test } from 'tap';
import { issueWarnings } from './issue-warnings.js';
import { licenseOrder, mergeRequests, parseRequest, timeOf } from './request.js';

const day = 86_400_000;
const now = Date.UTC(2026, 2, 1, 12);
const request = { vendor: 'Acme', customer: 'Shop', cluster: 'any', tier: 'premium', validFor: '365d' };

test('a request becomes a license by the defaults of its tier', (t) => {
  t.match(licenseOrder(request, now), {
    id: /^lic-[0-9a-f]{12}$/,
    limits: { sites: 5, nodes: null, features: [], service: {} },
    notBefore: now,
    expiresAt: now + 365 * day,
    graceMs: 14 * day,
    leaseMs: 7 * day,
  });
  const own = { ...request, tier: 'gold', limits: { sites: 3, nodes: 'unlimited' as const } };
  t.match(licenseOrder(own, now), { limits: { sites: 3, nodes: null, features: [], service: {} } });
  t.end();
});

test('flags go before the file, limit by limit, also for the end', (t) => {
  const file = parseRequest(
    'customer: Shop\nlimits: { sites: 3, nodes: 9, service: { requestsPerSecond: 5, burst: 2 } }\nexpires: 2027-03-01\n',
    'r.yaml',
  );
  const flags = { validFor: '30d', limits: { nodes: 7, service: { burst: 4 } } };
  const merged = mergeRequests(file, flags);
  t.strictSame(merged, {
    customer: 'Shop',
    validFor: '30d',
    limits: { sites: 3, nodes: 7, service: { requestsPerSecond: 5, burst: 4 } },
  });
  t.equal(mergeRequests(file, { limits: {} }).expires, '2027-03-01');
  t.end();
});

test('what is wrong with a request is said with its place, or with the flag that mends it', (t) => {
  t.throws(() => parseRequest('customer: Shop\ngrce: 14d\nlimits: { nodes: 0 }\n', 'r.yaml'), {
    code: 'invalid_input',
    problems: [
      { message: 'unknown key "grce"; did you mean "grace"?', position: { line: 2 } },
      { message: /limits\.nodes: expected a whole number from 1 on, or "unlimited"/, position: { line: 3 } },
    ],
  });
  for (const [part, message] of [
    [{ vendor: undefined }, /the vendor is missing: --vendor/],
    [{ cluster: undefined }, /the cluster is missing: --cluster .*shoal status/],
    [
      { cluster: 'my-cluster' },
      /cluster: expected a cluster's id \(20 of 0-9 and a-f.*found string "my-cluster"/,
    ],
    [{ tier: 'gold' }, /sites of the tier "gold" is missing: --sites COUNT\|unlimited$/],
    [{ tier: 'premiun' }, /sites of the tier "premiun" is missing: .*; did you mean "premium"\?$/],
    [
      { tier: 'Premium' },
      /made: --tier: expected 1 to 32 of a-z.*, found string "Premium"; did you mean "premium"\?$/,
    ],
    [{ validFor: '1y' }, /made: --valid-for: expected .*, found string "1y"$/],
    [{ limits: { features: ['W A F'] } }, /made: --feature\[0\]: expected a feature's name/],
    [{ notBefore: 'soon' }, /made: --not-before: expected a day such as/],
    [{ notBefore: '2027-02-30' }, /notBefore \(--not-before\): expected a day such as/],
    [{ validFor: undefined }, /its end is missing: --expires 2027-03-01, or --valid-for 365d/],
    [{ expires: '2027-03-01' }, /expires and validFor \(--valid-for\) are both given/],
    [
      { validFor: undefined, expires: '2026-02-01' },
      /it would end at 2026-02-01T00:00:00.000Z, which is past/,
    ],
    [
      { validFor: undefined, expires: '2026-05-01', notBefore: '2026-06-01' },
      /it would end at 2026-05-01T.*, but begin only at 2026-06-01T/,
    ],
    [{ lease: '100d' }, /lease: expected 1m to 90d, found 100d/],
    [{ customer: 'a\nb' }, /customer: expected a name of 1 to 200 characters on one line/],
  ] as const) {
    const { vendor, cluster, validFor, ...rest } = { ...request, ...part };
    const asked = {
      ...rest,
      ...(vendor === undefined ? {} : { vendor }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(validFor === undefined ? {} : { validFor }),
    };
    t.throws(() => licenseOrder(asked, now), { code: 'invalid_input', message });
  }
  t.end();
});

test('a time is one of the calendar', (t) => {
  t.equal(timeOf('2028-02-29', '--at'), Date.UTC(2028, 1, 29));
  t.equal(timeOf('2027-03-01T12:30Z', '--at'), Date.UTC(2027, 2, 1, 12, 30));
  for (const text of ['2027-02-29', '2027-13-01', 'tomorrow', '2027-03-01T12:30', '']) {
    t.throws(
      () => timeOf(text, '--at'),
      { code: 'invalid_input', message: /^--at: expected a day such as .* or a time such as .*, found "/ },
      text,
    );
  }
  t.end();
});

test('what is probably a slip is warned of', (t) => {
  const warnings = (part: Partial<typeof request> & { service?: Record<string, number> }) => {
    const { service = {}, ...asked } = part;
    const limits = { sites: 1, nodes: 1, service };
    return issueWarnings({ ...licenseOrder({ ...request, limits, ...asked }, now) });
  };
  t.strictSame(warnings({}), []);
  t.strictSame(warnings({ tier: 'gold', validFor: '3650d', service: { requestsPerSecond: 5 } }), []);
  t.strictSame(warnings({ tier: 'entreprise' }), [
    'the tier "entreprise" is none of the built-in ones; did you mean "enterprise"?',
  ]);
  t.strictSame(warnings({ service: { requestPerSecond: 5, burst: 2 } }), [
    'no built-in blueprint asks for the service limit "requestPerSecond"; did you mean "requestsPerSecond"?',
    'no built-in blueprint asks for the service limit "burst"; they ask for requestsPerSecond',
  ]);
  t.strictSame(warnings({ validFor: '36525d' }), [
    'it is valid for 100 years, until 2126-03-02: is the year right?',
  ]);
  t.end();
});
