import type { LicenseView } from '@shoal/common';
import type { NodePlace } from '../spec/manifests.js';
import { sitesOf } from './growth.js';
import type { LicenseStanding } from './standing.js';

/** What the operations show of the license. `leaseMs`: term of a lease that is granted now. */
export function licenseView(
  standing: LicenseStanding,
  places: readonly NodePlace[],
  { leaseMs, warnings }: { readonly leaseMs: number; readonly warnings: readonly string[] },
): LicenseView {
  const { tier, limits, license, status, state, problems } = standing;
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
    problems,
    warnings,
  };
}
