import type { License, LicenseOutcome, LicenseView, LicenseWarningView } from '@shoal/common';
import type { NodePlace } from '../spec/manifests.js';
import { sitesOf } from './growth.js';
import type { LicenseStanding } from './standing.js';

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

/** What becomes of a license that was, or would be, installed at `now`, by the standing with it. */
export function outcomeOf({ id, tier }: License, standing: LicenseStanding, now: number): LicenseOutcome {
  const { license, next, problems } = standing;
  const outcome = (counts: LicenseOutcome['counts'], from: number | null, what: string): LicenseOutcome => ({
    ...{ licenseId: id, counts, from },
    message: `The license ${id} (${tier}) ${what}`,
  });
  if (license?.id === id) return outcome('now', now, 'counts at once');
  const later = next.find(({ licenseId }) => licenseId === id);
  if (later !== undefined) return outcome('later', later.countsFrom, later.message);
  const why = problems.find(({ licenseId }) => licenseId === id)?.message ?? '';
  return {
    ...outcome('never', null, 'does not count'),
    ...(why === '' ? {} : { message: capitalized(why) }),
  };
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
