import {
  freeLimits,
  freeTier,
  type License,
  type LicenseLimits,
  type LicenseProblemView,
  type LicenseState,
  type LicenseStatus,
  type Tier,
} from '@shoal/common';

/** Where a license came from that was installed by an operation; else it is the path of a file. */
export const installedSource = 'installed';

/** A license text that was looked at: what it is, unless its signature doesn't hold; and why it doesn't count, unless it does. */
export interface JudgedLicense {
  /** `installed`, or the file's path. */
  readonly source: string;
  readonly license?: License;
  readonly status?: LicenseStatus;
  readonly problem?: LicenseProblemView;
}

/** What the cluster may do now, and by which license. */
export interface LicenseStanding {
  readonly tier: Tier;
  readonly limits: LicenseLimits;
  /** The license in force; when there is none, the one that was the last to end. */
  readonly license: License | null;
  readonly status: LicenseStatus | null;
  readonly source: string | null;
  readonly state: LicenseState | 'none';
  /** Why other licenses don't count, or this one any more. */
  readonly problems: readonly LicenseProblemView[];
}

type Good = JudgedLicense & { readonly license: License; readonly status: LicenseStatus };

/**
 * Of several licenses the newest one counts that is neither over nor to come, one past its end (in grace) only when there is no other. Those that don't count are
 * named with the reason. Without any it is the free tier.
 */
export function decideStanding(judged: readonly JudgedLicense[]): LicenseStanding {
  const good = distinct(judged.filter(isGood)).sort(byWeight);
  const [chosen, ...others] = good;
  const problems = judged.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  if (chosen === undefined) {
    const last = judged.filter(isOver).sort(byEnd)[0];
    return {
      tier: freeTier,
      limits: freeLimits,
      license: last?.license ?? null,
      status: last?.status ?? null,
      source: last?.source ?? null,
      state: last?.status.state ?? 'none',
      problems,
    };
  }
  const { license, status, source } = chosen;
  return {
    tier: license.tier,
    limits: license.limits,
    license,
    status,
    source,
    state: status.state,
    problems: [...problems, ...others.map((other) => superseded(other, license))],
  };
}

/** True when a license that counts is behind the standing. */
export function isLicensed({ state }: Pick<LicenseStanding, 'state'>): boolean {
  return state === 'active' || state === 'expiring' || state === 'grace';
}

/** What limits something, as a sentence begins: `the license lic-7 (e-commerce)`, `the free tier`. */
export function nameOf(standing: LicenseStanding): string {
  if (isLicensed(standing) && standing.license !== null) {
    return `the license ${standing.license.id} (${standing.tier})`;
  }
  return 'the free tier';
}

function isGood(judged: JudgedLicense): judged is Good {
  const { license, status } = judged;
  return license !== undefined && status !== undefined && judged.problem === undefined && isLicensed(status);
}

function isOver(judged: JudgedLicense): judged is Good {
  return judged.license !== undefined && judged.status?.state === 'expired';
}

/** The same license installed, and in a file, is one. */
function distinct(good: readonly Good[]): Good[] {
  return [...new Map([...good].reverse().map((one) => [one.license.id, one])).values()];
}

function byWeight(a: Good, b: Good): number {
  const grace = Number(a.status.state === 'grace') - Number(b.status.state === 'grace');
  if (grace !== 0) return grace;
  if (a.license.issuedAt !== b.license.issuedAt) return b.license.issuedAt - a.license.issuedAt;
  return a.license.id < b.license.id ? 1 : -1;
}

function byEnd(a: Good, b: Good): number {
  return b.license.expiresAt - a.license.expiresAt;
}

function superseded({ license, source }: Good, by: License): LicenseProblemView {
  return {
    source,
    licenseId: license.id,
    reason: 'superseded',
    message: `the license ${license.id} (${license.tier}) is valid, but ${by.id} (${by.tier}) counts: it is newer, or not past its end`,
    hint:
      source === installedSource
        ? `When it isn't needed any more: shoal license rm ${license.id}`
        : `When it isn't needed any more: take "license: ${source}" out of controller.yaml`,
  };
}
