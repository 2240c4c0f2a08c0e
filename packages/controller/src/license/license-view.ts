import { isDeepStrictEqual } from 'node:util';
import type {
  License,
  LicenseOutcome,
  LicenseSummaryView,
  LicenseView,
  LicenseWarningView,
} from '@shoal/common';
import type { NodePlace } from '../spec/manifests.js';
import { sitesOf } from './growth.js';
import type { LicenseStanding } from './standing.js';
import { summaryOf } from './summary.js';

/** What the operations show of the license. `leaseMs`: term of a lease that is granted now. */
export function licenseView(
  standing: LicenseStanding,
  places: readonly NodePlace[],
  { leaseMs, warnings }: { readonly leaseMs: number; readonly warnings: readonly LicenseWarningView[] },
): LicenseView {
  const { tier, limits, license, status, state, next, gap, coveredUntil, problems } = standing;
  return {
    tier,
    licenseId: license?.id ?? null,
    vendor: license?.vendor ?? null,
    customer: license?.customer ?? null,
    status: state,
    expiresAt: status?.expiresAt ?? null,
    graceEndsAt: status?.graceEndsAt ?? null,
    limits: {
      sites: { limit: limits.sites, used: sitesOf(places).length },
      nodes: { limit: limits.nodes, used: places.length },
      features: limits.features,
      service: limits.service,
    },
    leaseMs,
    next,
    gap,
    coveredUntil,
    problems,
    warnings,
  };
}

/** What tells licenses of one id apart. */
const summaryKeys = ['licenseId', 'tier', 'notBefore', 'expiresAt'] as const;

/** What becomes of a license that was, or would be, installed at `now`, by the standing with it. */
export function outcomeOf(brought: License, standing: LicenseStanding, now: number): LicenseOutcome {
  const { id, tier } = brought;
  const { license, next, problems } = standing;
  const is = summaryOf(brought);
  const isIt = (view: Partial<LicenseSummaryView> | null): boolean =>
    view !== null && summaryKeys.every((key) => view[key] === is[key]);
  const outcome = (counts: LicenseOutcome['counts'], from: number | null, what: string): LicenseOutcome => ({
    ...{ licenseId: id, counts, from },
    message: `The license ${id} (${tier}) ${what}`,
  });
  if (license !== null && isDeepStrictEqual(license, brought)) return outcome('now', now, 'counts at once');
  const later = next.find(isIt);
  if (later !== undefined) return outcome('later', later.countsFrom, later.message);
  const why = problems.find(({ known }) => isIt(known))?.message ?? '';
  return {
    ...outcome('never', null, 'does not count'),
    ...(why === '' ? {} : { message: capitalized(why) }),
  };
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
