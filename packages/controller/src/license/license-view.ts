import { freeLimits, freeTier, type LicenseView, type NodeView } from '@shoal/common';

/** The license's view of a cluster that has none. `leaseMs`: term of the leases that it grants. */
export function unlicensedView(nodes: readonly NodeView[], leaseMs: number): LicenseView {
  const { sites, nodes: most, features, service } = freeLimits;
  return {
    tier: freeTier,
    licenseId: null,
    vendor: null,
    customer: null,
    status: 'none',
    expiresAt: null,
    graceEndsAt: null,
    limits: {
      sites: { limit: sites, used: new Set(nodes.map(({ site }) => site)).size },
      nodes: { limit: most, used: nodes.length },
      features,
      service,
    },
    leaseMs,
    problems: [],
    warnings: [],
  };
}
