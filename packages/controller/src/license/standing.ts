import { isDeepStrictEqual } from 'node:util';
import {
  freeLimits,
  freeTier,
  type License,
  type LicenseLimits,
  type LicenseProblemView,
  type LicenseState,
  type LicenseStatus,
  licenseStatus,
  type NextLicenseView,
  type Tier,
} from '@shoal/common';
import { summaryOf } from './summary.js';
import { coveredUntil, gapOf, isCounting, licenseTimeline, momentsOf } from './timeline.js';
import { turnOf } from './turn-words.js';

/** Where a license came from that was installed by an operation; else it is the path of a file. */
export const installedSource = 'installed';

/** A license text that was looked at: what it is, unless it is refused; and why it doesn't count, unless it does, now or later. */
export interface JudgedLicense {
  /** `installed`, or the file's path. */
  readonly source: string;
  readonly license?: License;
  /** It is over, or refused. */
  readonly problem?: LicenseProblemView;
}

/** What the cluster may do now, and by which license. */
export interface LicenseStanding {
  readonly tier: Tier;
  readonly limits: LicenseLimits;
  /** The license in force; when there is none, the one that was the last to end. */
  readonly license: License | null;
  readonly status: LicenseStatus | null;
  /** `refused`: there are licenses, and none of them counts, for another reason than its end. */
  readonly state: LicenseState | 'none' | 'refused';
  /** Those that count later, by themselves. */
  readonly next: readonly NextLicenseView[];
  readonly gap: { readonly from: number; readonly until: number } | null;
  /** The end of the last license that counts without a gap; null: none counts. */
  readonly coveredUntil: number | null;
  /** The next moment at which something begins or ends, ms since the epoch; null: there is none. */
  readonly changesAt: number | null;
  /** Why licenses don't count, now or later. */
  readonly problems: readonly LicenseProblemView[];
}

type Good = JudgedLicense & { readonly license: License };

/** What the licenses amount to at `now`, trusted time; without any that counts it is the free tier. */
export function decideStanding(judged: readonly JudgedLicense[], now: number): LicenseStanding {
  const good = distinct(judged.filter(isGood));
  const licenses = good.map(({ license }) => license);
  const turns = licenseTimeline(licenses, now);
  const { license } = turns[0];
  const problems = judged.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  const next: NextLicenseView[] = [];
  for (const one of good) {
    if (one.license === license) continue;
    const turn = turnOf(one.license, licenses, turns);
    if (turn.from === null) problems.push(superseded(one, turn.message, good));
    else next.push(nextView(one, { from: turn.from, message: turn.message }));
  }
  const rest = {
    next: next.sort((a, b) => a.countsFrom - b.countsFrom),
    gap: gapOf(turns),
    coveredUntil: coveredUntil(turns),
    changesAt: momentsOf(licenses, now)[0] ?? null,
    problems,
  };
  if (license === null)
    return { tier: freeTier, limits: freeLimits, ...withoutLicense(judged, now), ...rest };
  const status = licenseStatus(license, now);
  return { tier: license.tier, limits: license.limits, license, status, state: status.state, ...rest };
}

/** True when a license that counts is behind the standing. */
export function isLicensed({ state }: Pick<LicenseStanding, 'state'>): boolean {
  return isCounting(state);
}

/** What limits something, as a sentence goes on: `the license lic-7 (e-commerce)`, `the free tier`. */
export function nameOf(standing: LicenseStanding): string {
  if (isLicensed(standing) && standing.license !== null) {
    return `the license ${standing.license.id} (${standing.tier})`;
  }
  return 'the free tier';
}

/** The last one that ended; unless one is refused now that would have lasted longer. */
function withoutLicense(
  judged: readonly JudgedLicense[],
  now: number,
): Pick<LicenseStanding, 'license' | 'status' | 'state'> {
  const over = judged.flatMap(({ license, problem }) =>
    license !== undefined && problem?.reason === 'expired' ? [license] : [],
  );
  const last = over.sort((a, b) => b.expiresAt - a.expiresAt)[0];
  const refused = judged.flatMap(({ problem }) =>
    problem === undefined || problem.reason === 'expired' ? [] : [problem.known?.expiresAt ?? 0],
  );
  if (refused.length > 0 && Math.max(...refused) >= (last?.expiresAt ?? 0))
    return { license: null, status: null, state: 'refused' };
  if (last === undefined) return { license: null, status: null, state: 'none' };
  return { license: last, status: licenseStatus(last, now), state: 'expired' };
}

function isGood(judged: JudgedLicense): judged is Good {
  return judged.license !== undefined && judged.problem === undefined;
}

/** Oldest first. The same license installed, and in a file, is one; what was issued anew by the same id is another. */
function distinct(good: readonly Good[]): Good[] {
  return [...good]
    .sort((a, b) => a.license.issuedAt - b.license.issuedAt)
    .filter(
      ({ license }, index, all) => all.findIndex((one) => isDeepStrictEqual(one.license, license)) === index,
    );
}

function nextView(
  { license, source }: Good,
  { from, message }: { readonly from: number; readonly message: string },
): NextLicenseView {
  return { ...summaryOf(license), source, limits: license.limits, countsFrom: from, message };
}

function superseded(one: Good, why: string, all: readonly Good[]): LicenseProblemView {
  const { license, source } = one;
  return {
    source,
    licenseId: license.id,
    known: summaryOf(license),
    reason: 'superseded',
    message: `the license ${license.id} (${license.tier}) ${why}`,
    hint: supersededHint(one, all),
  };
}

function supersededHint(one: Good, all: readonly Good[]): string {
  const { source, license } = one;
  if (source !== installedSource)
    return `When it isn't needed any more: take "license: ${source}" out of controller.yaml`;
  const isAlone = all.every((other) => other === one || other.license.id !== license.id);
  return isAlone
    ? `When it isn't needed any more: shoal license rm ${license.id}`
    : `Leave it: a newer one of the same id is there, and shoal license rm ${license.id} removes both`;
}
