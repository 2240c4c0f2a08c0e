import {
  type InstalledLicenseView,
  type LicenseView,
  type LimitUseView,
  type NextLicenseView,
  type NodeLeaseView,
  timeLeft,
} from '@shoal/common';
import { unaskedLimits } from '../license/issue-warnings.js';
import type { Palette } from './text.js';
import { left, localTime, printable } from './text.js';

/** The license in a line for `shoal status`: tier, license, end, what follows, use of each limit, and what services are limited to. */
export function licenseLine(license: LicenseView, paint: Palette): string {
  const { sites, nodes, service } = license.limits;
  const { requestsPerSecond: rate } = service;
  const perService = rate === undefined ? '' : `; ${rate} requests/s a node and service`;
  const then = license.next
    .slice(0, 1)
    .map(({ licenseId, tier }) => `, then ${printable(licenseId)} (${tier})`);
  return `${paint.bold(license.tier)}${idText(license)}, ${endText(license, paint)}${then.join('')}; ${useText('site', sites, paint)}, ${useText('node', nodes, paint)}${perService}`;
}

/** Everything about the license, a line for each thing; where it differs from `before`, what it was too: `free -> premium`. */
export function licenseText(license: LicenseView, paint: Palette, before: LicenseView = license): string {
  const { leaseMs, next, problems, warnings, customer, vendor } = license;
  const changing = (text: (view: LicenseView) => string): string => {
    const [was, is] = [text(before), text(license)];
    return was === is ? is : `${was} -> ${is}`;
  };
  return linesText([
    ['tier', changing(({ tier }) => paint.bold(tier))],
    ['license', changing(({ licenseId }) => (licenseId === null ? 'none' : printable(licenseId)))],
    ...(customer === null ? [] : [['customer', printable(customer)]]),
    ...(vendor === null ? [] : [['vendor', printable(vendor)]]),
    ['status', endText(license, paint)],
    ...next.map((one) => ['next', nextText(one)]),
    ['sites', changing(({ limits }) => useText('', limits.sites, paint))],
    ['nodes', changing(({ limits }) => useText('', limits.nodes, paint))],
    ['features', changing(({ limits: { features } }) => featuresText(features))],
    ['per service', changing(({ limits }) => perServiceText(limits.service))],
    ...unaskedLimits(license.limits.service).map(({ message, isSlip }) => [
      isSlip ? paint.warn('warning') : 'note',
      printable(message),
    ]),
    ['leases last', left(leaseMs, 0)],
    ...warnings.map(({ severity, message }) => [
      severity === 'critical' ? paint.bad('problem') : paint.warn('warning'),
      printable(message),
    ]),
    ...problems
      // The others are among the warnings.
      .filter(({ reason }) => reason === 'superseded')
      .map(({ message, hint }) => ['not counted', printable(`${message}. ${hint}`)]),
  ]);
}

function featuresText(features: readonly string[]): string {
  return features.includes('*') ? 'all' : features.join(', ') || 'none';
}

function perServiceText(service: Readonly<Record<string, number>>): string {
  const limits = Object.entries(service).map(([name, limit]) => `${name} ${limit}`);
  return limits.length === 0 ? 'no limits' : `${limits.join(', ')} (on each node)`;
}

function nextText(next: NextLicenseView): string {
  const { licenseId, tier, notBefore, countsFrom, expiresAt, graceEndsAt, message } = next;
  const from = `${licenseId}, ${tier}, from ${localTime(countsFrom)}`;
  if (countsFrom >= expiresAt) return printable(`${from} in its grace until ${localTime(graceEndsAt)}`);
  const text = `${from} to ${localTime(expiresAt)}`;
  // That it counts once it begins goes without saying.
  return printable(countsFrom === notBefore ? text : `${text}: ${message}`);
}

/** What becomes of a license that was installed, or would be, and the license then. */
export function installedText(license: InstalledLicenseView, paint: Palette): string {
  const { counts, message } = license.outcome;
  return `${(counts === 'never' ? paint.warn : paint.good)(printable(`${message}.`))}\n${licenseText(license, paint)}`;
}

/** What would become of a license that is only looked at, and what would change by it now. */
export function previewText(license: InstalledLicenseView, before: LicenseView, paint: Palette): string {
  const { counts, message } = license.outcome;
  const would = message.replace(/\) (?:counts|does not count|never counts)\b/, (said) =>
    said === ') counts' ? ') would count' : ') would not count',
  );
  return `${(counts === 'never' ? paint.warn : paint.good)(printable(`${would}; nothing was installed.`))}\n${licenseText(license, paint, before)}`;
}

/** Which license `shoal license rm` removes when it is named none: the one that is installed. Null: nothing is known of it. */
export function onlyInstalled({ licenseId, next, problems }: LicenseView): string | null {
  const other = [...next, ...problems].find(({ source }) => source === 'installed');
  return other === undefined ? licenseId : other.licenseId;
}

/** What removing a license did, and the license then. */
export function removedText(
  removed: string | null,
  before: LicenseView,
  after: LicenseView,
  paint: Palette,
): string {
  const name = removed === null ? 'The license was' : printable(removed);
  return `${name} removed; ${nowCountsText(before, after)}.\n${licenseText(after, paint)}`;
}

function nowCountsText(before: LicenseView, after: LicenseView): string {
  const { tier, licenseId, limits } = after;
  const was = isCounting(before);
  if (licenseId !== null && isCounting(after)) {
    const name = printable(`${licenseId} (${tier})`);
    return was && before.licenseId === licenseId ? `${name} counts as before` : `now ${name} counts`;
  }
  const { sites, nodes, service } = limits;
  const { requestsPerSecond: rate } = service;
  const allowed = [
    ...(sites.limit === null ? [] : [`${sites.limit} site${sites.limit === 1 ? '' : 's'}`]),
    ...(nodes.limit === null ? [] : [`${nodes.limit} node${nodes.limit === 1 ? '' : 's'}`]),
    ...(rate === undefined ? [] : [`${rate} requests/s a node and service`]),
  ];
  return `the ${tier} tier counts ${was ? 'now' : 'as before'}: ${allowed.join(', ')}`;
}

function isCounting({ status }: LicenseView): boolean {
  return status === 'active' || status === 'expiring' || status === 'grace';
}

function linesText(lines: readonly (readonly string[])[]): string {
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

function endText({ status, expiresAt, graceEndsAt, problems }: LicenseView, paint: Palette): string {
  if (status === 'refused') return paint.bad(`none counts: ${refusedText(problems)}`);
  if (expiresAt === null || graceEndsAt === null) return 'no license';
  const now = Date.now();
  if (status === 'grace')
    return paint.warn(`${timeLeft(expiresAt, now)}, counts until ${localTime(graceEndsAt)}`);
  if (status === 'expired') return paint.bad(`${timeLeft(expiresAt, now)}, ${localTime(expiresAt)}`);
  const until = `until ${localTime(expiresAt)} (${timeLeft(expiresAt, now)})`;
  return status === 'expiring' ? paint.warn(until) : until;
}

/** `1 refused (lic-7)`, `2 refused`. */
function refusedText(problems: LicenseView['problems']): string {
  const refused = problems.filter(({ reason }) => reason !== 'superseded' && reason !== 'expired');
  const ids = refused.flatMap(({ licenseId }) => (licenseId === null ? [] : [printable(licenseId)]));
  return `${refused.length} ${refused.every(({ reason }) => reason === 'unreadable') ? 'unreadable' : 'refused'}${ids.length === 0 ? '' : ` (${ids.join(', ')})`}`;
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
