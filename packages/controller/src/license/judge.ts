import {
  type LicenseContext,
  type LicenseProblemView,
  LicenseRefused,
  type LicenseSummaryView,
  ShoalError,
  type TrustedLicenseKeys,
  verifyLicense,
} from '@shoal/common';
import { installedSource, type JudgedLicense } from './standing.js';

/** A license's text, and where it came from. */
export interface LicenseText {
  /** `installed`, or the file's path. */
  readonly source: string;
  readonly text: string;
  /** What it was when it was installed, or counted; null: nothing is known of it. */
  readonly known: LicenseSummaryView | null;
  /** Its id then, where that alone is known. Default: of `known`. */
  readonly id?: string;
}

/** A license, judged: what it is, once its signature holds, and why it doesn't count. Never rejects for what stands in it. */
export async function judgeText(
  { source, text, known, id }: LicenseText,
  trust: TrustedLicenseKeys,
  context: LicenseContext,
): Promise<JudgedLicense> {
  const takenId = known?.licenseId;
  try {
    const held = takenId === undefined ? context : { ...context, takenId };
    return { source, license: (await verifyLicense(text, trust, held)).license };
  } catch (thrown) {
    const license = thrown instanceof LicenseRefused ? thrown.license : null;
    const reason = thrown instanceof LicenseRefused ? thrown.reason : undefined;
    if (license !== null && reason === 'not-yet-valid') return { source, license };
    const problem = problemOf(source, thrown, known, id);
    const isOfTime = reason === 'expired' || reason === 'clock-doubtful';
    return license !== null && isOfTime ? { source, license, problem } : { source, problem };
  }
}

/** What is the matter with a license, or with the file that holds it. */
export function problemOf(
  source: string,
  thrown: unknown,
  known: LicenseSummaryView | null,
  id: string | undefined = known?.licenseId,
): LicenseProblemView {
  const { message, hint = '' } = ShoalError.from(thrown);
  if (thrown instanceof LicenseRefused) {
    const licenseId = thrown.license?.id ?? id ?? null;
    const then =
      source === installedSource && licenseId !== null
        ? `. Install another: shoal license install FILE; remove this one: shoal license rm ${licenseId}`
        : '';
    return { source, licenseId, known, reason: thrown.reason, message, hint: `${hint}${then}` };
  }
  return {
    source,
    licenseId: null,
    known,
    reason: 'unreadable',
    message,
    hint: hint === '' ? `put a license there, or take "license: ${source}" out of controller.yaml` : hint,
  };
}
