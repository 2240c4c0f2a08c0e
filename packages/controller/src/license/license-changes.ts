import { type LicenseChange, licenseStatus } from '@shoal/common';
import { isLicensed, type LicenseStanding } from './standing.js';

/** What happened to licenses between two looks at them, the second at `now`, trusted time. `asked`: what an operator did meanwhile. */
export function licenseChanges(
  before: LicenseStanding,
  after: LicenseStanding,
  now: number,
  asked?: LicenseChange,
): readonly LicenseChange[] {
  const changes: LicenseChange[] = asked === undefined ? [] : [asked];
  const was = isLicensed(before) ? before.license : null;
  const state = was === null ? undefined : licenseStatus(was, now).state;
  if (was !== null && (state === 'expired' || (state === 'grace' && before.state !== 'grace')))
    changes.push({ change: 'ended', licenseId: was.id });
  const is = isLicensed(after) ? after.license : null;
  const isAnother = is !== null && (is.id !== was?.id || is.issuedAt !== was.issuedAt);
  if (isAnother && is.id !== asked?.licenseId) changes.push({ change: 'took-over', licenseId: is.id });
  const known = new Set(refusals(before).map(({ key }) => key));
  for (const { key, licenseId } of refusals(after))
    if (!known.has(key)) changes.push({ change: 'refused', licenseId });
  return changes;
}

function refusals({ problems }: LicenseStanding): readonly { key: string; licenseId: string | null }[] {
  return problems
    .filter(({ reason }) => reason !== 'superseded' && reason !== 'expired')
    .map(({ source, licenseId, reason }) => ({ key: `${source} ${licenseId} ${reason}`, licenseId }));
}
