import type {
  LicenseView,
  LicenseWarningView,
  LimitUseView,
  NextLicenseView,
  NodeLeaseView,
  NodeView,
} from '@shoal/common';
import { lengthOfTime, timeLeft } from '@shoal/common/time-left';
import { formatNumber } from './format.js';

/** `2 of 5`, `3, no limit`. */
export function useWords({ used, limit }: LimitUseView): string {
  return limit === null ? `${used}, no limit` : `${used} of ${limit}`;
}

/** How near a limit is: more than it is possible after a smaller license only. */
export function useTone({ used, limit }: LimitUseView): 'good' | 'warn' | 'bad' {
  if (limit === null || used < limit) return 'good';
  return used === limit ? 'warn' : 'bad';
}

/** A limit that templates render, in words: `requestsPerSecond` becomes `requests per second`. */
export function serviceLimitName(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
}

/** What services may do: `100 requests per second`; without any limit `no limit`. */
export function serviceLimitWords(limits: LicenseView['limits']['service']): string {
  const named = Object.entries(limits).map(
    ([name, limit]) => `${formatNumber(limit)} ${serviceLimitName(name)}`,
  );
  return named.length === 0 ? 'no limit' : named.join(', ');
}

/** Licensed features in words. */
export function featureWords(features: readonly string[]): string {
  if (features.includes('*')) return 'all';
  return features.length === 0 ? 'none' : features.join(', ');
}

/** Free limits although there is, or was, a license: it is over, or refused. */
export function isLapsed({ status }: Pick<LicenseView, 'status'>): boolean {
  return status === 'expired' || status === 'refused';
}

/** The license as it will be once another one counts, with what is used now. */
export function onceCounting(
  license: LicenseView,
  { licenseId, tier, customer, vendor, expiresAt, graceEndsAt, limits }: NextLicenseView,
): LicenseView {
  const { sites, nodes } = license.limits;
  return {
    ...license,
    ...{ licenseId, tier, customer, vendor, expiresAt, graceEndsAt, status: 'active' },
    limits: {
      sites: { used: sites.used, limit: limits.sites },
      nodes: { used: nodes.used, limit: limits.nodes },
      features: limits.features,
      service: limits.service,
    },
  };
}

/** True when a warning says of a license that doesn't count what the list of those says as well. */
export function isOfProblem({ message }: LicenseWarningView, problems: LicenseView['problems']): boolean {
  return problems.some((problem) => message.includes(problem.message.replace(/^the license /, '')));
}

/** Something of the license that another one would change. */
export interface LicenseDifference {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly isChanged: boolean;
}

/** What the cluster's license says now, and what it would say; `now` ms since the epoch. */
export function licenseDifferences(
  before: LicenseView,
  after: LicenseView,
  now: number,
): readonly LicenseDifference[] {
  const rows: readonly (readonly [string, (view: LicenseView) => string])[] = [
    ['License', ({ licenseId }) => licenseId ?? 'none'],
    ['Tier', ({ tier }) => tier],
    ['Customer', ({ customer }) => customer ?? '–'],
    [
      'Ends',
      ({ expiresAt }) => (expiresAt === null ? '–' : `${dayOf(expiresAt)}, ${timeLeft(expiresAt, now)}`),
    ],
    ['Sites', ({ limits }) => useWords(limits.sites)],
    ['Nodes', ({ limits }) => useWords(limits.nodes)],
    ['Features', ({ limits }) => featureWords(limits.features)],
    ['Each service, per node', ({ limits }) => serviceLimitWords(limits.service)],
    ['Leases last', ({ leaseMs }) => lengthOfTime(leaseMs)],
  ];
  return rows.map(([what, tell]) => {
    const [was, is] = [tell(before), tell(after)];
    return { what, before: was, after: is, isChanged: was !== is };
  });
}

/** `2027-03-01`, by UTC as licenses are dated. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** Nodes whose lease has ended or which run degraded, with what to say of them; undefined: none. */
export interface LeaseTrouble {
  readonly state: 'expired' | 'degraded';
  readonly nodes: readonly string[];
}

/** What of the nodes' leases is over; the worse first. */
export function leaseTroubles(nodes: Iterable<Pick<NodeView, 'name' | 'lease'>>): readonly LeaseTrouble[] {
  const all = [...nodes];
  return (['degraded', 'expired'] as const).flatMap((state) => {
    const named = all.filter(({ lease }) => lease?.state === state).map(({ name }) => name);
    return named.length === 0 ? [] : [{ state, nodes: named.sort() }];
  });
}

/** `6 d left` of a lease; undefined where it has none. */
export function leaseLeft({ expiresAt }: NodeLeaseView, now: number): string | undefined {
  return expiresAt === null ? undefined : timeLeft(expiresAt, now);
}
