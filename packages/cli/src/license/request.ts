import { randomBytes } from 'node:crypto';
import {
  builtInTiers,
  clusterIdPattern,
  compileSchema,
  defaultWarnDays,
  didYouMean,
  documentOfValue,
  durationExpected,
  durationPattern,
  type JsonSchema,
  type License,
  licenseFieldSchemas,
  parseDuration,
  parseYaml,
  ShoalError,
  validate,
  validationProblems,
} from '@shoal/common';

/** What a license shall say: a request's file, flags over it. */
export interface LicenseRequest {
  readonly vendor?: string;
  readonly customer?: string;
  readonly id?: string;
  readonly cluster?: string;
  readonly tier?: string;
  readonly limits?: {
    readonly sites?: number | 'unlimited' | null;
    readonly nodes?: number | 'unlimited' | null;
    readonly features?: readonly string[];
    readonly service?: Readonly<Record<string, number>>;
  };
  /** `2027-03-01`, which is midnight UTC, or `2027-03-01T12:00:00Z`. */
  readonly notBefore?: string;
  readonly expires?: string;
  /** Instead of `expires`, from `notBefore` on: `365d`. */
  readonly validFor?: string;
  readonly grace?: string;
  readonly lease?: string;
  readonly warnDays?: readonly number[];
}

const { name, id, tier, features, service, warnDays } = licenseFieldSchemas;
const clusterExpected = `a cluster's id (20 of 0-9 and a-f: shoal status shows it), or "any"`;
const cluster: JsonSchema = {
  type: 'string',
  pattern: `^(${clusterIdPattern}|any)$`,
  expected: clusterExpected,
};
const count: JsonSchema = {
  anyOf: [{ type: 'integer', minimum: 1, maximum: 1_000_000 }, { enum: ['unlimited', null] }],
  expected: 'a whole number from 1 on, or "unlimited"',
};
const duration: JsonSchema = { type: 'string', pattern: durationPattern, expected: durationExpected };
const timeExpected = 'a day such as 2027-03-01 (midnight UTC) or a time such as 2027-03-01T12:00:00Z';
const time: JsonSchema = {
  type: 'string',
  pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d)?Z)?$',
  expected: timeExpected,
};

const validator = compileSchema<LicenseRequest>({
  type: 'object',
  additionalProperties: false,
  properties: {
    vendor: name,
    customer: name,
    id,
    cluster,
    tier,
    limits: {
      type: 'object',
      additionalProperties: false,
      properties: { sites: count, nodes: count, features, service },
    },
    notBefore: time,
    expires: time,
    validFor: duration,
    grace: duration,
    lease: duration,
    warnDays,
  },
});

/** The request in a file's text. @throws ShoalError `invalid_input` with every problem and its place */
export function parseRequest(text: string, file: string): LicenseRequest {
  return validate(parseYaml(text, file), validator);
}

/** One request over another, key by key; limits limit by limit. */
export function mergeRequests(under: LicenseRequest, over: LicenseRequest): LicenseRequest {
  // A flag for the end replaces whichever way the file says it.
  const { expires, validFor, ...rest } = under;
  const ends = over.expires !== undefined || over.validFor !== undefined;
  const kept = {
    ...(expires === undefined ? {} : { expires }),
    ...(validFor === undefined ? {} : { validFor }),
  };
  const service = { ...under.limits?.service, ...over.limits?.service };
  const limits = { ...under.limits, ...over.limits, ...(Object.keys(service).length > 0 ? { service } : {}) };
  return { ...rest, ...(ends ? {} : kept), ...over, limits };
}

/**
 * What the license says, by the request and the defaults: limits of the built-in tier of that name, 14 days of grace, leases of 7 days, an id of its own.
 *
 * @throws ShoalError `invalid_input`: something is missing, wrong or contradicts itself
 */
export function licenseOrder(request: LicenseRequest, now: number): Omit<License, 'keyId'> {
  const problems = validationProblems(documentOfValue(request, 'request'), validator);
  if (problems.length > 0) {
    throw refuse(
      problems.map(({ message }) => `${byFlag(message)}${meantTier(message, request)}`).join('; '),
    );
  }
  const { vendor, customer, cluster: forCluster, tier: level } = request;
  if (vendor === undefined) throw missing('vendor', 'or --trust FILE, which names it');
  if (customer === undefined) throw missing('customer');
  if (forCluster === undefined) throw missing('cluster', clusterExpected);
  if (level === undefined)
    throw missing('tier', `${Object.keys(builtInTiers).join(', ')}, or a name of yours`);
  const notBefore =
    request.notBefore === undefined ? now : timeOf(request.notBefore, 'notBefore (--not-before)');
  const expiresAt = endOf(request, notBefore);
  const end = `it would end at ${new Date(expiresAt).toISOString()}`;
  if (expiresAt <= now) throw refuse(`${end}, which is past`);
  if (expiresAt <= notBefore) {
    throw refuse(`${end}, but begin only at ${new Date(notBefore).toISOString()}`);
  }
  return {
    id: request.id ?? `lic-${randomBytes(6).toString('hex')}`,
    vendor,
    customer,
    cluster: forCluster,
    tier: level,
    limits: limitsOf(request.limits ?? {}, level),
    issuedAt: now,
    notBefore,
    expiresAt,
    graceMs: within('grace', request.grace ?? '14d', '0s', '365d'),
    leaseMs: within('lease', request.lease ?? '7d', '1m', '90d'),
    warnDays: request.warnDays ?? defaultWarnDays,
  };
}

/** A request's file was judged as it was read, so that what is wrong now came by a flag: `validFor: ...` as `--valid-for: ...`. */
function byFlag(message: string): string {
  return message.replace(/^(?:limits\.)?([A-Za-z]+)/, (_, key: string) => {
    const flag =
      key === 'features' ? 'feature' : key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return `--${flag}`;
  });
}

/** For the end of a message about the tier: the built-in one that is meant, also when only its case differs. */
function meantTier(message: string, { tier: level }: LicenseRequest): string {
  return level !== undefined && message.startsWith('tier: ')
    ? didYouMean(level, Object.keys(builtInTiers))
    : '';
}

function within(key: string, text: string, least: string, most: string): number {
  const ms = parseDuration(text);
  if (ms >= parseDuration(least) && ms <= parseDuration(most)) return ms;
  throw refuse(`${key}: expected ${least} to ${most}, found ${text}`);
}

function limitsOf(limits: NonNullable<LicenseRequest['limits']>, level: string): License['limits'] {
  const base = builtInTiers[level];
  const meant = didYouMean(level, Object.keys(builtInTiers));
  const hint = `only ${Object.keys(builtInTiers).join(', ')} bring limits of their own`;
  const pick = (key: 'sites' | 'nodes'): number | null => {
    const given = limits[key];
    if (given === 'unlimited') return null;
    if (given !== undefined) return given;
    if (base !== undefined) return base[key];
    throw refuse(`${key} of the tier "${level}" is missing: --${key} COUNT|unlimited${meant}`, hint);
  };
  return {
    sites: pick('sites'),
    nodes: pick('nodes'),
    features: limits.features ?? base?.features ?? [],
    service: { ...base?.service, ...limits.service },
  };
}

function endOf({ expires, validFor }: LicenseRequest, notBefore: number): number {
  if (expires !== undefined && validFor !== undefined) {
    throw refuse('expires and validFor (--valid-for) are both given: choose one');
  }
  if (expires !== undefined) return timeOf(expires, 'expires');
  if (validFor !== undefined) return notBefore + parseDuration(validFor);
  throw refuse('its end is missing: --expires 2027-03-01, or --valid-for 365d');
}

/**
 * Milliseconds of a day or a time.
 *
 * @param name - whose value it is: `--at`
 * @throws ShoalError `invalid_input`: another form, or a day that no calendar has
 */
export function timeOf(text: string, name: string): number {
  const ms = new RegExp(String(time['pattern'])).test(text) ? Date.parse(text) : Number.NaN;
  // The parser takes the 30th of February for the 2nd of March.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text.replace(/Z$/, ''))) {
    throw new ShoalError('invalid_input', `${name}: expected ${timeExpected}, found ${JSON.stringify(text)}`);
  }
  return ms;
}

function missing(key: string, expected?: string): ShoalError {
  const what = expected === undefined ? '' : ` (${expected})`;
  return refuse(`the ${key} is missing: --${key}${what}, or ${key}: in the request`);
}

function refuse(message: string, hint?: string): ShoalError {
  return new ShoalError(
    'invalid_input',
    `No license is made: ${message}`,
    hint === undefined ? {} : { hint },
  );
}
