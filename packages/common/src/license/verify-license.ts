import { loadJose } from './jose.js';
import type { License, LicenseContext, LicenseStatus } from './license.js';
import { claimProblems, type LicenseClaims, licenseOfClaims } from './license-claims.js';
import { LicenseRefused } from './license-refused.js';
import { licenseStatus } from './license-status.js';
import { type LicenseParts, splitLicense } from './license-text.js';
import { isCheckout } from './trust-list.js';
import type { TrustedLicenseKey, TrustedLicenseKeys } from './trusted-license-keys.js';

/** The only algorithm: Ed25519 by its JOSE name (RFC 8037). */
export const licenseAlgorithm = 'EdDSA';

/** The JWS `typ`: a token for something else, signed by the same key, is no license. */
export const licenseType = 'shoal-license+jwt';

/** A license made so much later than now says that the clock is wrong, milliseconds. */
const clockDoubtMs = 86_400_000;

/**
 * What a license says, once a trusted key's signature over it holds; neither its dates nor its cluster are looked at. Nothing of the content is
 * believed before. Throws LicenseRefused.
 */
export async function openLicense(text: string, trust: TrustedLicenseKeys): Promise<License> {
  const parts = splitLicense(text);
  const key = trustedKeyOf(parts, trust);
  await checkSignature(parts.text, key);
  const { claims } = parts;
  checkContent(claims);
  if (claims.iss !== key.vendor) {
    const message = `names the vendor ${JSON.stringify(claims.iss)}, its key is ${JSON.stringify(key.vendor)}'s`;
    throw new LicenseRefused('content', message, 'ask the vendor for one in its own name');
  }
  return licenseOfClaims(claims, key.kid);
}

/**
 * The license and how it stands, when it counts here and now. Throws LicenseRefused with what is the matter, in the message and as `reason`; once the
 * signature held with the license itself, so that an expired one can be shown.
 */
export async function verifyLicense(
  text: string,
  trust: TrustedLicenseKeys,
  context: LicenseContext,
): Promise<{ license: License; status: LicenseStatus }> {
  const license = await openLicense(text, trust);
  return { license, status: judgeLicense(license, context) };
}

/** How an opened license stands here and now. Throws LicenseRefused as `verifyLicense` does; for looking again without the text. */
export function judgeLicense(
  license: License,
  { clusterId, now, asked = false, takenId }: LicenseContext,
): LicenseStatus {
  const refuse = (
    reason: 'other-cluster' | 'clock-doubtful' | 'not-yet-valid' | 'expired',
    message: string,
    hint: string,
  ) => new LicenseRefused(reason, message, hint, license);
  const { cluster, issuedAt, notBefore, customer, id } = license;
  if (cluster !== 'any' && cluster !== clusterId) {
    const hint = `ask ${license.vendor} for one for ${clusterId}`;
    throw refuse('other-cluster', `is for the cluster ${cluster}, this is ${clusterId}`, hint);
  }
  const clock = asked ? `asked about ${iso(now)}` : `it is ${iso(now)} now`;
  if (!asked && issuedAt > now + clockDoubtMs) {
    const message = `was made at ${iso(issuedAt)}, but ${clock}: the clock is doubtful`;
    throw refuse('clock-doubtful', message, "set this host's clock");
  }
  const status = licenseStatus(license, now);
  if (status.state === 'not-yet-valid') {
    throw refuse('not-yet-valid', `is not valid before ${iso(notBefore)}; ${clock}`, 'install it then');
  }
  if (status.state === 'expired') {
    const grace = status.graceEndsAt > status.expiresAt ? `, its grace at ${iso(status.graceEndsAt)}` : '';
    const hint = `ask ${license.vendor} to renew ${id} for ${customer}`;
    const setClock = asked || id === takenId ? '' : "; or set this host's clock, if that is wrong";
    throw refuse('expired', `expired at ${iso(status.expiresAt)}${grace}; ${clock}`, `${hint}${setClock}`);
  }
  return status;
}

function trustedKeyOf({ header }: LicenseParts, trust: TrustedLicenseKeys): TrustedLicenseKey {
  const { alg, typ, kid, ...others } = header;
  const fromVendor = 'take only licenses that the vendor sent';
  if (alg !== licenseAlgorithm) {
    const message = `is signed by the algorithm ${short(alg)}, expected "${licenseAlgorithm}"`;
    throw new LicenseRefused('algorithm', message, fromVendor);
  }
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const message = `asks for ${short(other)} in its header; only alg, typ and kid are known`;
    throw new LicenseRefused('algorithm', message, fromVendor);
  }
  if (typ !== licenseType) {
    throw new LicenseRefused(
      'not-a-license',
      `is of the type ${short(typ)}, expected "${licenseType}"`,
      fromVendor,
    );
  }
  const revoked = trust.revoked.find((entry) => entry.kid === kid);
  if (revoked !== undefined) {
    const message = `is signed by the key ${revoked.kid}, revoked at ${revoked.at}: ${revoked.reason}`;
    throw new LicenseRefused('key-revoked', message, 'ask the vendor for one that is signed by another key');
  }
  const key = trust.keys.find((entry) => entry.kid === kid);
  if (key !== undefined) return key;
  const none = trust.keys.length === 0;
  const what = none
    ? "this build knows no vendor's key at all"
    : "it is another vendor's, or newer than this build";
  const help = none ? 'install the packages that the vendor built' : 'upgrade Shoal, or ask the vendor';
  throw new LicenseRefused(
    'key-unknown',
    `is signed by the key ${isKeyId(kid) ? kid : short(kid)}, which this build of Shoal doesn't know`,
    `${what}: ${isCheckout ? "start the demo by the vendor's list, SHOAL_LICENSE_KEYS=FILE npm start" : help}`,
  );
}

async function checkSignature(text: string, key: TrustedLicenseKey): Promise<void> {
  const { compactVerify, errors } = await loadJose();
  try {
    await compactVerify(text, { ...key.publicKey }, { algorithms: [licenseAlgorithm] });
  } catch (thrown) {
    if (!(thrown instanceof errors.JOSEError)) throw thrown;
    const message =
      "has a signature that doesn't verify: it was altered, or signed by another key than it says";
    throw new LicenseRefused('signature', message, 'copy it again, whole, as the vendor sent it');
  }
}

function checkContent(claims: object): asserts claims is LicenseClaims {
  const format: unknown = (claims as { shoal?: { format?: unknown } | null }).shoal?.format;
  if (typeof format === 'number' && format !== 1) {
    throw new LicenseRefused('content', `has the format ${format}, this version knows 1`, 'upgrade Shoal');
  }
  const problems = claimProblems(claims);
  if (problems.length === 0) return;
  const message = `says what isn't known here: ${problems.join('; ')}`;
  throw new LicenseRefused('content', message, 'upgrade Shoal, or ask the vendor');
}

function isKeyId(kid: unknown): kid is string {
  return typeof kid === 'string' && /^[\w-]{43}$/.test(kid);
}

/** Something out of an unverified text: short, and nothing that a terminal obeys. */
function short(value: unknown): string {
  if (value === undefined) return 'none';
  const text = JSON.stringify(value).replace(/[^\x20-\x7e]/g, '?');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
