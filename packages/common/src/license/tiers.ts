import type { LicenseLimits } from './license.js';

/** A license's level. The built-in ones have constants here; a vendor may use any other name. */
export type Tier = string;

/** The tier without a license, and of every node without a valid lease. */
export const freeTier = 'free';

/** What is allowed without a license. */
export const freeLimits: LicenseLimits = {
  sites: 1,
  nodes: 10,
  features: [],
  service: { requestsPerSecond: 100 },
};

/** Levels with limits of their own; a license's limits stand in itself, so that these serve who issues it. */
export const builtInTiers: Readonly<Record<string, LicenseLimits>> = {
  [freeTier]: freeLimits,
  'e-commerce': { sites: 2, nodes: null, features: [], service: {} },
  premium: { sites: 5, nodes: null, features: [], service: {} },
  enterprise: { sites: null, nodes: null, features: ['*'], service: {} },
};

/** True when the limits let a blueprint's `feature: NAME` be used. */
export function hasFeature(limits: Pick<LicenseLimits, 'features'>, feature: string): boolean {
  return limits.features.includes('*') || limits.features.includes(feature);
}
