import type { LicenseView, LimitUseView, NodeLeaseView } from '@shoal/common';
import type { Palette } from './text.js';
import { left, localTime, printable } from './text.js';

/** The license in a line for `shoal status`: tier, license, end, and use of each limit. */
export function licenseLine(license: LicenseView, paint: Palette): string {
  const { sites, nodes } = license.limits;
  return `${paint.bold(license.tier)}${idText(license)}, ${endText(license, paint)}; ${useText('site', sites, paint)}, ${useText('node', nodes, paint)}`;
}

/** Everything about the license, a line for each thing. */
export function licenseText(license: LicenseView, paint: Palette): string {
  const { limits, leaseMs, problems, warnings, customer, vendor } = license;
  const isNoWarning = ({ message }: { message: string }) => !warnings.some((text) => text.includes(message));
  const service = Object.entries(limits.service).map(([name, limit]) => `${name} ${limit}`);
  const lines = [
    ['tier', paint.bold(license.tier)],
    ['license', license.licenseId === null ? 'none' : printable(license.licenseId)],
    ...(customer === null ? [] : [['customer', printable(customer)]]),
    ...(vendor === null ? [] : [['vendor', printable(vendor)]]),
    ['status', endText(license, paint)],
    ['sites', useText('', limits.sites, paint)],
    ['nodes', useText('', limits.nodes, paint)],
    ['features', limits.features.includes('*') ? 'all' : limits.features.join(', ') || 'none'],
    ['per service', service.length === 0 ? 'no limits' : `${service.join(', ')} (on each node)`],
    ['leases last', left(leaseMs, 0)],
    ...warnings.map((warning) => [paint.warn('warning'), printable(warning)]),
    ...problems
      .filter(isNoWarning)
      .map(({ source, licenseId, message, hint }) => [
        'not counted',
        printable(`${licenseId ?? source}: ${message}${hint === '' ? '' : `. ${hint}`}`),
      ]),
  ];
  return lines
    .map(([name = '', value]) => `${name}${' '.repeat(Math.max(1, 13 - visible(name)))}${value}\n`)
    .join('');
}

/** A node's lease in a table: `active 6d`, `degraded`; `-` when nothing is known of it. */
export function leaseText(lease: NodeLeaseView | null, paint: Palette): string {
  if (lease === null) return '-';
  const { state, tier, expiresAt } = lease;
  const paintState = state === 'active' ? paint.good : state === 'degraded' ? paint.bad : paint.warn;
  const rest = expiresAt === null || expiresAt <= Date.now() ? '' : ` ${left(expiresAt)}`;
  return `${tier} ${paintState(state)}${rest}`;
}

function idText({ licenseId, customer }: LicenseView): string {
  if (licenseId === null) return '';
  return ` (${printable(licenseId)}${customer === null ? '' : `, ${printable(customer)}`})`;
}

function endText({ status, expiresAt, graceEndsAt }: LicenseView, paint: Palette): string {
  if (expiresAt === null || graceEndsAt === null) return 'no license';
  if (status === 'grace')
    return paint.warn(`ended ${localTime(expiresAt)}, counts until ${localTime(graceEndsAt)}`);
  if (status === 'expired') return paint.bad(`ended ${localTime(expiresAt)}`);
  const until = `until ${localTime(expiresAt)} (${left(expiresAt)} left)`;
  return status === 'expiring' ? paint.warn(until) : until;
}

function useText(what: string, { limit, used }: LimitUseView, paint: Palette): string {
  const name = what === '' ? '' : ` ${what}${(limit ?? used) === 1 ? '' : 's'}`;
  if (limit === null) return what === '' ? `${used}, no limit` : `${used}${name} (no limit)`;
  const text = `${used} of ${limit}${name}`;
  return used > limit ? paint.bad(text) : used === limit ? paint.warn(text) : text;
}

/** Without the codes of colors. */
function visible(text: string): number {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '').length;
}
