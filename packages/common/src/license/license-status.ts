import type { License, LicenseState, LicenseStatus } from './license.js';

const dayMs = 86_400_000;

/** How far apart the clocks of vendor and cluster may be, milliseconds. */
const leewayMs = 10 * 60_000;

/**
 * From when on a license counts, milliseconds since the epoch: when it says. One that was to count as soon as it was made counts a little before that too: the vendor's
 * clock may be ahead of the cluster's.
 */
export function licenseBeginsAt({ issuedAt, notBefore }: Pick<License, 'issuedAt' | 'notBefore'>): number {
  return notBefore > issuedAt ? notBefore : notBefore - leewayMs;
}

/** How a license stands at `now` (trusted time, milliseconds since the epoch). */
export function licenseStatus(license: License, now: number): LicenseStatus {
  const { expiresAt, graceMs } = license;
  const graceEndsAt = expiresAt + graceMs;
  return {
    state: stateAt(license, now),
    expiresAt,
    graceEndsAt,
    daysLeft: Math.floor((expiresAt - now) / dayMs),
  };
}

function stateAt(license: License, now: number): LicenseState {
  const { expiresAt, graceMs, warnDays } = license;
  if (now < licenseBeginsAt(license)) return 'not-yet-valid';
  if (now >= expiresAt + graceMs) return 'expired';
  if (now >= expiresAt) return 'grace';
  return now >= expiresAt - (warnDays[0] ?? 0) * dayMs ? 'expiring' : 'active';
}
