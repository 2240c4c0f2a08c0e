import { createHmac, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '@shoal/gossip/sim';
import t from 'tap';
import { issueLicense } from './issue-license.js';
import type { License } from './license.js';
import { createLicenseKey, encodeLicenseKey, type LicenseKey } from './license-key.js';
import { LicenseRefused } from './license-refused.js';
import { licenseStatus } from './license-status.js';
import { readLicenseFile } from './license-text.js';
import { builtInTiers, hasFeature } from './tiers.js';
import type { TrustedLicenseKeys } from './trusted-license-keys.js';
import { judgeLicense, openLicense, verifyLicense } from './verify-license.js';

const day = 86_400_000;
const issuedAt = Date.UTC(2026, 2, 1);
const context = { clusterId: 'c-1', now: issuedAt + 10 * day };

const order: Omit<License, 'keyId'> = {
  id: 'license-1',
  vendor: 'Acme',
  customer: 'Löwen & Söhne, 東京',
  cluster: 'c-1',
  tier: 'premium',
  limits: { sites: 5, nodes: null, features: ['waf'], service: { requestsPerSecond: 5000 } },
  issuedAt,
  notBefore: issuedAt,
  expiresAt: issuedAt + 365 * day,
  graceMs: 14 * day,
  leaseMs: 7 * day,
  warnDays: [30, 15, 7, 1],
};

const key = await createLicenseKey();
const other = await createLicenseKey();
const trustOf = (...keys: LicenseKey[]): TrustedLicenseKeys => ({
  keys: keys.map(({ kid, publicKey }) => ({
    kid,
    publicKey,
    vendor: 'Acme',
    addedAt: '2026-01-01T00:00:00Z',
  })),
  revoked: [],
});
const trust = trustOf(key);
const good = await issueLicense(order, key);

const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const header = { alg: 'EdDSA', typ: 'shoal-license+jwt', kid: key.kid };
const claims = JSON.parse(Buffer.from(good.split('.')[1] ?? '', 'base64url').toString());

/** Whatever a vendor's key can sign, right or wrong. */
function signed(head: unknown, body: unknown, by: LicenseKey = key): string {
  const input = `${encode(head)}.${encode(body)}`;
  return `${input}.${sign(null, Buffer.from(input), by.privateKey).toString('base64url')}`;
}

t.test('a license says after verification what was put into it', async (t) => {
  const { license, status } = await verifyLicense(good, trust, context);
  t.strictSame(license, { ...order, keyId: key.kid });
  t.strictSame(status, {
    state: 'active',
    expiresAt: order.expiresAt,
    graceEndsAt: order.expiresAt + order.graceMs,
    daysLeft: 355,
  });
  t.match(await verifyLicense(await issueLicense({ ...order, cluster: 'any' }, key), trust, context), {
    license: { cluster: 'any' },
  });
  const short = { ...order, leaseMs: 3 * 60_000, graceMs: 90_000, warnDays: [2] };
  t.strictSame(await openLicense(await issueLicense(short, key), trust), { ...short, keyId: key.kid });
});

t.test('what mail and editors put around a license is let pass', async (t) => {
  for (const text of [`\uFEFF${good}\r\n`, `\n  ${good}\t\n\n`]) {
    t.equal((await openLicense(text, trust)).id, 'license-1');
  }
});

t.test('its state goes by the trusted time', async (t) => {
  const license = await openLicense(good, trust);
  const end = order.expiresAt;
  for (const [now, state] of [
    [issuedAt - day, 'not-yet-valid'],
    [issuedAt - 60_000, 'active'],
    [end - 31 * day, 'active'],
    [end - 30 * day, 'expiring'],
    [end, 'grace'],
    [end + 14 * day - 1, 'grace'],
    [end + 14 * day, 'expired'],
  ] as const) {
    t.equal(licenseStatus(license, now).state, state, new Date(now).toISOString());
  }
  const later = { ...license, notBefore: issuedAt + 150_000 };
  t.equal(licenseStatus(later, issuedAt + 149_999).state, 'not-yet-valid', 'no sooner than it says');
  t.equal(licenseStatus(later, issuedAt + 150_000).state, 'active');
});

t.test('each text that is no license is refused with what it is', async (t) => {
  const [head, body, signature] = good.split('.');
  const cases: readonly (readonly [string, string, string | RegExp])[] = [
    ['', 'not-a-license', 'the license is empty'],
    [' \n', 'not-a-license', 'the license is empty'],
    ['x'.repeat(16_385), 'not-a-license', 'the license is too large: 16385 bytes, expected at most 16384'],
    [encodeLicenseKey(key, 'pem'), 'not-a-license', 'the license given is a private key'],
    [encodeLicenseKey(key, 'jwk'), 'not-a-license', 'the license given is a private key'],
    ['tier: premium', 'not-a-license', 'the license can\'t be read: expected a line that begins with "eyJ"'],
    [
      `${head}.\n${body}.${signature}`,
      'not-a-license',
      'the license has spaces or line ends inside, expected one line',
    ],
    [
      `${head}.${body}§.${signature}`,
      'not-a-license',
      /^the license has a character that none has, at place \d+$/,
    ],
    [`${good}.x.y`, 'not-a-license', 'the license has 5 parts between dots, expected 3'],
    [`${good}AA`, 'not-a-license', 'the license has 2 characters too many at its end'],
    [`${head}`, 'truncated', 'the license is truncated: it has 1 of 3 parts'],
    [`${head}.${body}`, 'truncated', 'the license is truncated: it has 2 of 3 parts'],
    [good.slice(0, -6), 'truncated', 'the license is truncated: its signature has 80 of 86 characters'],
    [`${head}A.${body}.${signature}`, 'not-a-license', /was altered: its header isn't (JSON|base64url)/],
    [
      `${head}.${body?.slice(4)}.${signature}`,
      'not-a-license',
      "the license was altered: its content isn't JSON",
    ],
    [signed(header, '[1]'), 'not-a-license', "the license was altered: its content isn't a JSON object"],
    [
      signed(header, `{"jti":"a",${JSON.stringify(claims).slice(1)}`),
      'not-a-license',
      /^the license has a content that can be read in two ways: .*jti/,
    ],
    [
      signed(`{"alg":"none","\\u0061lg":"EdDSA","kid":"${key.kid}"}`, claims),
      'not-a-license',
      /^the license has a header that can be read in two ways: .*lg"/,
    ],
    [
      signed({ ...header, typ: 'JWT' }, claims),
      'not-a-license',
      'the license is of the type "JWT", expected "shoal-license+jwt"',
    ],
  ];
  for (const [text, reason, message] of cases) {
    const refused = { reason, message, code: 'invalid_input', license: null, hint: /./ };
    await t.rejects(verifyLicense(text, trust, context), refused, String(message));
  }
});

t.test('other algorithms and headers than the one are refused, whatever they sign with', async (t) => {
  const hmac = (head: object, secret: string | Buffer): string => {
    const input = `${encode(head)}.${encode(claims)}`;
    const mac = createHmac('sha256', secret).update(input).digest();
    return `${input}.${Buffer.concat([mac, Buffer.alloc(32)]).toString('base64url')}`;
  };
  const publicKey = Buffer.from(key.publicKey.x, 'base64url');
  const cases: readonly (readonly [string, string])[] = [
    [
      signed({ ...header, alg: 'none' }, claims),
      'the license is signed by the algorithm "none", expected "EdDSA"',
    ],
    [
      `${encode({ alg: 'none', kid: key.kid })}.${encode(claims)}.${'A'.repeat(86)}`,
      'the license is signed by the algorithm "none", expected "EdDSA"',
    ],
    [
      hmac({ ...header, alg: 'HS256' }, publicKey),
      'the license is signed by the algorithm "HS256", expected "EdDSA"',
    ],
    [
      hmac({ ...header, alg: 'HS256' }, key.publicKey.x),
      'the license is signed by the algorithm "HS256", expected "EdDSA"',
    ],
    [
      signed({ ...header, alg: 'eddsa' }, claims),
      'the license is signed by the algorithm "eddsa", expected "EdDSA"',
    ],
    [
      signed({ typ: header.typ, kid: key.kid }, claims),
      'the license is signed by the algorithm none, expected "EdDSA"',
    ],
    [
      signed({ ...header, crit: ['b64'], b64: false }, claims),
      'the license asks for "crit" in its header; only alg, typ and kid are known',
    ],
    [
      signed({ ...header, crit: ['exp'] }, claims),
      'the license asks for "crit" in its header; only alg, typ and kid are known',
    ],
    [
      signed({ ...header, jwk: other.publicKey }, claims, other),
      'the license asks for "jwk" in its header; only alg, typ and kid are known',
    ],
    [
      signed({ ...header, '\u001b[2J': 1 }, claims),
      'the license asks for "\\u001b[2J" in its header; only alg, typ and kid are known',
    ],
  ];
  for (const [text, message] of cases) {
    const refused = { reason: 'algorithm', message, code: 'permission_denied', license: null };
    await t.rejects(verifyLicense(text, trust, context), refused, message);
  }
});

t.test('only what a trusted key has signed counts', async (t) => {
  const refused = (text: string, list: TrustedLicenseKeys) => verifyLicense(text, list, context);
  const [head, , signature] = good.split('.');
  const altered = { reason: 'signature', message: /^the license has a signature that doesn't verify/ };
  const richer = { ...claims, shoal: { ...claims.shoal, tier: 'enterprise' } };
  await t.rejects(refused(`${head}.${encode(richer)}.${signature}`, trust), altered, 'altered content');
  await t.rejects(
    refused(signed(header, claims, other), trust),
    altered,
    'the id of a key that did not sign',
  );
  await t.rejects(refused(`${good.slice(0, -86)}${'A'.repeat(86)}`, trust), altered, 'no signature at all');

  const unknown = {
    reason: 'key-unknown',
    message: `the license is signed by the key ${key.kid}, which this build of Shoal doesn't know`,
  };
  await t.rejects(refused(good, trustOf(other)), {
    ...unknown,
    hint: /another vendor's, or newer than this build/,
  });
  await t.rejects(refused(good, trustOf()), {
    ...unknown,
    hint: /knows no vendor's key at all: .* SHOAL_LICENSE_KEYS=FILE npm start$/,
  });
  await t.rejects(refused(signed({ alg: 'EdDSA', typ: header.typ }, claims), trust), {
    reason: 'key-unknown',
    message: "the license is signed by the key none, which this build of Shoal doesn't know",
  });

  const revoked = { kid: key.kid, reason: 'laptop lost', at: '2026-02-02T00:00:00Z' };
  await t.rejects(refused(good, { ...trust, revoked: [revoked] }), {
    reason: 'key-revoked',
    message: `the license is signed by the key ${key.kid}, revoked at 2026-02-02T00:00:00Z: laptop lost`,
  });
  t.ok(
    await refused(await issueLicense(order, other), { ...trustOf(key, other), revoked: [revoked] }),
    'the next key goes on',
  );
});

t.test('of two thousand damaged licenses none counts, and each is refused in words', async (t) => {
  const random = seededRandom(20);
  const below = (count: number) => Math.floor(random() * count);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
  const reasons = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const at = below(good.length);
    const letter = alphabet[below(alphabet.length)];
    const cut = [0, 1, 1, 2, 40][below(5)] ?? 0;
    const text = `${good.slice(0, at)}${random() < 0.7 ? letter : ''}${good.slice(at + cut)}`;
    if (text === good) continue;
    const refused: unknown = await verifyLicense(text, trust, context).catch((error: unknown) => error);
    if (!(refused instanceof LicenseRefused)) throw new Error(`case ${i}: ${text}: ${refused}`);
    reasons.add(refused.reason);
  }
  t.strictSame([...reasons].sort(), ['algorithm', 'key-unknown', 'not-a-license', 'signature', 'truncated']);
});

t.test('a signed content that this version does not know is refused with all that is wrong', async (t) => {
  const { shoal } = claims;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ ...claims, aud: 'x' }, /unknown key "aud"/],
    [{ ...claims, exp: '2027' }, /exp: expected an integer, found string "2027"/],
    [{ ...claims, exp: 1e300 }, /exp: expected a number <= 253402300799/],
    [{ ...claims, exp: claims.nbf }, /exp: expected a time after nbf/],
    [{ ...claims, sub: 'a\u202eb' }, /sub: expected a name of 1 to 200 characters on one line/],
    [{ ...claims, iat: undefined }, /missing key "iat"/],
    [{ ...claims, shoal: undefined }, /missing key "shoal"/],
    [{ ...claims, shoal: { ...shoal, format: 2 } }, /^the license has the format 2, this version knows 1$/],
    [{ ...claims, shoal: { ...shoal, tire: 'x' } }, /unknown key "tire" in shoal; did you mean "?tier/],
    [
      { ...claims, shoal: { ...shoal, limits: { ...shoal.limits, nodes: 0 } } },
      /shoal\.limits\.nodes: expected a number >= 1/,
    ],
    [
      { ...claims, shoal: { ...shoal, limits: { ...shoal.limits, service: { rps: 0 } } } },
      /service\.rps: expected a number > 0/,
    ],
    [{ ...claims, shoal: { ...shoal, leaseHours: 0 } }, /leaseHours: expected a number >= /],
    [{ ...claims, iss: 'Mallory' }, /^the license names the vendor "Mallory", its key is "Acme"'s$/],
  ];
  for (const [body, message] of cases) {
    const refused = { reason: 'content', message, code: 'invalid_input', license: null };
    await t.rejects(verifyLicense(signed(header, body), trust, context), refused, String(message));
  }
  const polluting = JSON.stringify(claims).replace('"service":{', '"service":{"__proto__":1,');
  await t.rejects(verifyLicense(signed(header, polluting), trust, context), {
    reason: 'content',
    message: /__proto__/,
  });
});

t.test('a license of another cluster, or of another time, is refused and can still be shown', async (t) => {
  const cases: readonly (readonly [string, object, string])[] = [
    ['other-cluster', { clusterId: 'c-2' }, 'the license is for the cluster c-1, this is c-2'],
    [
      'clock-doubtful',
      { now: 0 },
      'the license was made at 2026-03-01T00:00:00Z, but it is 1970-01-01T00:00:00Z now: the clock is doubtful',
    ],
    [
      'expired',
      { now: Date.UTC(2100, 0, 1) },
      'the license expired at 2027-03-01T00:00:00Z, its grace at 2027-03-15T00:00:00Z; it is 2100-01-01T00:00:00Z now',
    ],
  ];
  for (const [reason, part, message] of cases) {
    const refused = { reason, message, code: 'failed_precondition', hint: /./, license: { id: 'license-1' } };
    await t.rejects(verifyLicense(good, trust, { ...context, ...part }), refused, reason);
  }
  const later = await issueLicense({ ...order, notBefore: issuedAt + 30 * day }, key);
  await t.rejects(verifyLicense(later, trust, context), {
    reason: 'not-yet-valid',
    message: 'the license is not valid before 2026-03-31T00:00:00Z; it is 2026-03-11T00:00:00Z now',
  });
  const opened = await openLicense(good, trust);
  t.throws(() => judgeLicense(opened, { ...context, now: order.expiresAt + 20 * day }), {
    reason: 'expired',
    message: /^the license expired at/,
  });
  for (const [reason, now, message, hint] of [
    [
      'not-yet-valid',
      Date.UTC(2020, 0, 1),
      'the license is not valid before 2026-03-01T00:00:00Z; asked about 2020-01-01T00:00:00Z',
      'install it then',
    ],
    [
      'expired',
      Date.UTC(2100, 0, 1),
      /grace at 2027-03-15T00:00:00Z; asked about 2100-01-01T00:00:00Z$/,
      /^ask .* to renew license-1 for [^;]*$/,
    ],
  ] as const) {
    const refused = { reason, message, hint };
    t.throws(() => judgeLicense(opened, { ...context, now, asked: true }), refused, 'no clock is wrong');
  }
});

t.test('a license is read from a file, and no more of it than a license has', async (t) => {
  const dir = t.testdir({ license: good });
  t.equal(await readLicenseFile(join(dir, 'license')), good);
  await t.rejects(readLicenseFile(join(dir, 'none')), {
    code: 'not_found',
    message: `there is no file ${dir}/none`,
  });
  await t.rejects(readLicenseFile(dir), {
    code: 'failed_precondition',
    message: `can't read ${dir}: EISDIR`,
  });
  await writeFile(join(dir, 'large'), Buffer.alloc(20_000, 'a'));
  await t.rejects(readLicenseFile(join(dir, 'large')), { message: /^the license is too large/ });
});

t.test('what a license cannot say is not signed', async (t) => {
  const bad = { ...order, limits: { ...order.limits, nodes: -1, features: ['WAF'] } };
  await t.rejects(issueLicense(bad, key), {
    code: 'invalid_input',
    message: /limits\.nodes: .*; .*features/,
  });
  await t.rejects(issueLicense({ ...order, expiresAt: issuedAt - day }, key), {
    message: /exp: expected a time after/,
  });
  const service = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${'x'.repeat(60)}${i}`, 1]));
  const features = Array.from({ length: 100 }, (_, i) => `${'f'.repeat(60)}${i}`);
  const large = { ...order, limits: { ...order.limits, service, features }, customer: '€'.repeat(200) };
  t.ok(await openLicense(await issueLicense(large, key), trust), 'the largest one is within what is read');
});

t.test('tiers have the features that they name', async (t) => {
  t.equal(hasFeature({ features: ['waf'] }, 'waf'), true);
  t.equal(hasFeature({ features: ['waf'] }, 'sso'), false);
  t.strictSame(
    Object.entries(builtInTiers).map(([name, limits]) => [name, limits.sites, hasFeature(limits, 'sso')]),
    [
      ['free', 1, false],
      ['e-commerce', 2, false],
      ['premium', 5, false],
      ['enterprise', null, true],
    ],
  );
});
