import { ShoalError } from '../errors/shoal-error.js';
import { loadJose } from './jose.js';
import type { License } from './license.js';
import { claimProblems, claimsOfLicense } from './license-claims.js';
import type { LicenseKey } from './license-key.js';
import { maxLicenseBytes } from './license-text.js';
import { licenseAlgorithm, licenseType } from './verify-license.js';

/** A license as one line of text, signed. Throws `invalid_input` for what a license can't say. */
export async function issueLicense(license: Omit<License, 'keyId'>, key: LicenseKey): Promise<string> {
  const claims = claimsOfLicense(license);
  const problems = claimProblems(claims);
  if (problems.length > 0) throw new ShoalError('invalid_input', `no such license: ${problems.join('; ')}`);
  const { CompactSign } = await loadJose();
  const text = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: licenseAlgorithm, typ: licenseType, kid: key.kid })
    .sign(key.privateKey);
  if (text.length <= maxLicenseBytes) return text;
  throw new ShoalError(
    'invalid_input',
    `the license would have ${text.length} bytes, at most ${maxLicenseBytes} are read`,
  );
}
