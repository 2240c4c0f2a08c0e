import { type License, type LicenseState, licenseBeginsAt, licenseStatus } from '@shoal/common';

/** From `from` on (ms since the epoch) this license counts; null: none does. */
export interface LicenseTurn {
  readonly from: number;
  readonly license: License | null;
}

/**
 * Who counts from `now` on, turn by turn; the first turn begins now. Of several licenses the newest counts that is neither over nor to come, one past its end (in its
 * grace) only when there is no other.
 */
export function licenseTimeline(
  licenses: readonly License[],
  now: number,
): readonly [LicenseTurn, ...LicenseTurn[]] {
  const turns: [LicenseTurn, ...LicenseTurn[]] = [{ from: now, license: countsAt(licenses, now) }];
  for (const from of momentsOf(licenses, now)) {
    const license = countsAt(licenses, from);
    if (license !== turns.at(-1)?.license) turns.push({ from, license });
  }
  return turns;
}

/** When a license begins, ends, or its grace ends, after `now`; rising. */
export function momentsOf(licenses: readonly License[], now: number): readonly number[] {
  return licenses
    .flatMap((license) => [licenseBeginsAt(license), license.expiresAt, license.expiresAt + license.graceMs])
    .filter((at) => at > now)
    .sort((a, b) => a - b);
}

/** The license that counts at a time; null: none. */
export function countsAt(licenses: readonly License[], at: number): License | null {
  const good = licenses
    .map((license) => ({ license, state: licenseStatus(license, at).state }))
    .filter(({ state }) => isCounting(state));
  return good.sort(byWeight)[0]?.license ?? null;
}

/** True for the states of a license in which it may count. */
export function isCounting(state: LicenseState | 'none' | 'refused'): boolean {
  return state === 'active' || state === 'expiring' || state === 'grace';
}

/** The first stretch in which none counts, between two licenses; null: there is none. */
export function gapOf(
  turns: readonly LicenseTurn[],
): { readonly from: number; readonly until: number } | null {
  for (const [index, { from, license }] of turns.entries()) {
    const next = turns[index + 1]?.license;
    if (index > 0 && license === null && next) return { from, until: next.notBefore };
  }
  return null;
}

/** The end of the last license that counts without a gap from the first turn on; one that only follows in its grace puts off no end. Null: none counts. */
export function coveredUntil(turns: readonly LicenseTurn[]): number | null {
  let end: number | null = null;
  for (const { from, license } of turns) {
    if (license === null) break;
    if (end === null || from < license.expiresAt) end = license.expiresAt;
  }
  return end;
}

interface Weighed {
  readonly license: License;
  readonly state: LicenseState;
}

function byWeight(a: Weighed, b: Weighed): number {
  const grace = Number(a.state === 'grace') - Number(b.state === 'grace');
  if (grace !== 0) return grace;
  if (a.license.issuedAt !== b.license.issuedAt) return b.license.issuedAt - a.license.issuedAt;
  if (a.license.id !== b.license.id) return a.license.id < b.license.id ? 1 : -1;
  return b.license.expiresAt - a.license.expiresAt;
}
