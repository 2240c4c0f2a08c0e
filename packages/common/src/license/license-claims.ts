import { findMistakes } from '../config/schema-mistakes.js';
import { compileSchema, type JsonSchema } from '../config/validator.js';
import type { License } from './license.js';

/** Days before a license's end at which to warn, when it doesn't say. */
export const defaultWarnDays: readonly number[] = [30, 15, 7, 1];

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** The claims of a license (RFC 7519; times in seconds), as they are signed. */
export interface LicenseClaims {
  readonly iss: string;
  readonly sub: string;
  readonly jti: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly shoal: {
    readonly format: 1;
    readonly cluster: string;
    readonly tier: string;
    readonly limits: License['limits'];
    readonly graceDays: number;
    readonly leaseHours: number;
    readonly warnDays?: readonly number[];
  };
}

const name: JsonSchema = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+$',
  expected: 'a name of 1 to 200 characters on one line',
};

/** Seconds; to the end of the year 9999. */
const time: JsonSchema = { type: 'integer', minimum: 0, maximum: 253_402_300_799 };
const count: JsonSchema = { type: ['integer', 'null'], minimum: 1, maximum: 1_000_000 };

/** Schemas of what a license says, by the names that requests for licenses use too. */
export const licenseFieldSchemas: Readonly<Record<string, JsonSchema>> = {
  name,
  id: {
    type: 'string',
    pattern: '^[\\w.:-]{1,64}$',
    expected: "1 to 64 letters, digits, '.', '_', ':' and '-'",
  },
  cluster: {
    type: 'string',
    pattern: '^[a-z0-9-]{1,64}$',
    expected: 'a cluster\'s id (shoal status), or "any"',
  },
  tier: {
    type: 'string',
    pattern: '^[a-z0-9][a-z0-9-]{0,31}$',
    expected: "1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit",
  },
  count,
  features: {
    type: 'array',
    maxItems: 100,
    uniqueItems: true,
    items: {
      type: 'string',
      pattern: '^([a-z0-9][a-z0-9.-]{0,63}|\\*)$',
      expected: "a feature's name of a-z, 0-9, '.' and '-', or \"*\" for all",
    },
  },
  service: {
    type: 'object',
    maxProperties: 50,
    propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9]{0,63}$', expected: 'letters and digits' },
    additionalProperties: { type: 'number', exclusiveMinimum: 0, maximum: 1e15 },
  },
  warnDays: {
    type: 'array',
    maxItems: 20,
    uniqueItems: true,
    items: { type: 'integer', minimum: 1, maximum: 365 },
  },
};

function closed(
  properties: Readonly<Record<string, JsonSchema | undefined>>,
  optional: readonly string[] = [],
) {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', properties, required, additionalProperties: false };
}

const { id, cluster, tier, features, service, warnDays } = licenseFieldSchemas;
const validator = compileSchema<LicenseClaims>(
  closed({
    iss: name,
    sub: name,
    jti: id,
    iat: time,
    nbf: time,
    exp: time,
    shoal: closed(
      {
        format: { const: 1 },
        cluster,
        tier,
        limits: closed({ sites: count, nodes: count, features, service }),
        graceDays: { type: 'number', minimum: 0, maximum: 365 },
        leaseHours: { type: 'number', minimum: 1 / 60, maximum: 2160 },
        warnDays,
      },
      ['warnDays'],
    ),
  }),
);

/** What is wrong with a license's claims, a sentence each; empty: nothing. */
export function claimProblems(claims: unknown): readonly string[] {
  const mistakes = findMistakes(validator, claims).map(({ message }) => message);
  if (mistakes.length > 0) return mistakes;
  const { iat, nbf, exp } = claims as LicenseClaims;
  if (exp <= nbf) return ['exp: expected a time after nbf'];
  return exp <= iat ? ['exp: expected a time after iat'] : [];
}

/** What unverified claims say, signed by a key of this name; undefined when they aren't a license's. */
export function readClaims(claims: unknown, keyId: string): License | undefined {
  return claimProblems(claims).length === 0 ? licenseOfClaims(claims as LicenseClaims, keyId) : undefined;
}

/** What the claims of a license say. They must have no problems. */
export function licenseOfClaims(claims: LicenseClaims, keyId: string): License {
  const { iss, sub, jti, iat, nbf, exp, shoal } = claims;
  return {
    id: jti,
    vendor: iss,
    customer: sub,
    keyId,
    cluster: shoal.cluster,
    tier: shoal.tier,
    limits: shoal.limits,
    issuedAt: iat * 1000,
    notBefore: nbf * 1000,
    expiresAt: exp * 1000,
    graceMs: Math.round(shoal.graceDays * dayMs),
    leaseMs: Math.round(shoal.leaseHours * hourMs),
    warnDays: [...(shoal.warnDays ?? defaultWarnDays)].sort((a, b) => b - a),
  };
}

/** The claims that say it. */
export function claimsOfLicense(license: Omit<License, 'keyId'>): LicenseClaims {
  const seconds = (ms: number) => Math.floor(ms / 1000);
  const isDefault = String(license.warnDays) === String(defaultWarnDays);
  return {
    iss: license.vendor,
    sub: license.customer,
    jti: license.id,
    iat: seconds(license.issuedAt),
    nbf: seconds(license.notBefore),
    exp: seconds(license.expiresAt),
    shoal: {
      format: 1,
      cluster: license.cluster,
      tier: license.tier,
      limits: license.limits,
      graceDays: license.graceMs / dayMs,
      leaseHours: license.leaseMs / hourMs,
      ...(isDefault ? {} : { warnDays: license.warnDays }),
    },
  };
}
