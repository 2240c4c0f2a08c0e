import { formatDuration, type License, type LicenseStatus, timeLeft } from '@shoal/common';
import { printable } from '../output/text.js';

function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ').replace(' 00:00:00', '');
}

function left({ state, expiresAt }: LicenseStatus, at: number): string {
  if (state === 'not-yet-valid') return 'not valid yet';
  return `${timeLeft(expiresAt, at)}${state === 'grace' ? ', in its grace' : ''}`;
}

/**
 * A license for people, a line for each thing that it says. Times are UTC.
 *
 * @param at - the moment of `status`, ms since the epoch, when that isn't the present
 */
export function licenseText(license: License, status: LicenseStatus, at?: number): string {
  const { limits } = license;
  const service = Object.entries(limits.service).map(([name, value]) => `${name} ${value}`);
  const lines: readonly (readonly [string, string])[] = [
    ['license', license.id],
    ['customer', license.customer],
    ['vendor', license.vendor],
    ['cluster', license.cluster],
    ['tier', license.tier],
    ['sites', limits.sites === null ? 'unlimited' : String(limits.sites)],
    ['nodes', limits.nodes === null ? 'unlimited' : String(limits.nodes)],
    ['features', limits.features.includes('*') ? 'all' : limits.features.join(', ') || 'none'],
    ['service', service.length === 0 ? 'no limits' : `${service.join(', ')} (per node and service)`],
    ['made', `${utc(license.issuedAt)} UTC`],
    [
      'valid',
      `from ${utc(license.notBefore)} until ${utc(license.expiresAt)} UTC: ${left(status, at ?? Date.now())}${at === undefined ? '' : ` at ${utc(at)} UTC`}`,
    ],
    [
      'grace',
      license.graceMs === 0
        ? 'none'
        : `${formatDuration(license.graceMs)}, until ${utc(status.graceEndsAt)} UTC`,
    ],
    ['leases', formatDuration(license.leaseMs)],
    ['warns', license.warnDays.length === 0 ? 'never' : `${license.warnDays.join(', ')} days before the end`],
    ['key', license.keyId],
  ];
  return lines.map(([name, value]) => `${name.padEnd(10)}${printable(value)}\n`).join('');
}
