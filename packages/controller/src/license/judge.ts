import {
  type License,
  type LicenseContext,
  type LicenseProblemView,
  LicenseRefused,
  licenseStatus,
  readLicenseFile,
  ShoalError,
  type TrustedLicenseKeys,
  verifyLicense,
} from '@shoal/common';
import type { JudgedLicense } from './standing.js';

/** A license from a file, judged; a file that can't be read is a problem like another. */
export async function judgeFile(
  path: string,
  trust: TrustedLicenseKeys,
  context: LicenseContext,
): Promise<JudgedLicense> {
  try {
    return await judgeText(path, await readLicenseFile(path), trust, context);
  } catch (thrown) {
    return { source: path, problem: problemOf(path, thrown) };
  }
}

/** A license, judged: what it is, once its signature holds, and why it doesn't count. Never rejects for what stands in it. */
export async function judgeText(
  source: string,
  text: string,
  trust: TrustedLicenseKeys,
  context: LicenseContext,
): Promise<JudgedLicense> {
  try {
    const { license, status } = await verifyLicense(text, trust, context);
    return { source, license, status };
  } catch (thrown) {
    const problem = problemOf(source, thrown);
    if (!(thrown instanceof LicenseRefused) || thrown.reason !== 'expired' || thrown.license === null)
      return { source, problem };
    const { license } = thrown;
    return { source, license, status: licenseStatus(license, context.now), problem };
  }
}

/** The license that an operator brings. @throws ShoalError why it isn't taken */
export async function verifyNew(
  text: string,
  trust: TrustedLicenseKeys,
  context: LicenseContext,
): Promise<License> {
  return (await verifyLicense(text, trust, context)).license;
}

function problemOf(source: string, thrown: unknown): LicenseProblemView {
  const { message, hint = '' } = ShoalError.from(thrown);
  if (thrown instanceof LicenseRefused)
    return { source, licenseId: thrown.license?.id ?? null, reason: thrown.reason, message, hint };
  return {
    source,
    licenseId: null,
    reason: 'unreadable',
    message,
    hint: hint === '' ? 'controller.yaml names this file (license: ...)' : hint,
  };
}
