import { type License, licenseBeginsAt, licenseStatus } from '@shoal/common';
import { countsAt, type LicenseTurn } from './timeline.js';

/** A moment for people: `2027-01-01 00:00 UTC`. */
export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** When a license counts that doesn't now, and why; after its name. */
export interface Turn {
  /** Null: never, beside the others. */
  readonly from: number | null;
  readonly message: string;
}

/** When `license`, one of `licenses`, counts; `turns` is their timeline. */
export function turnOf(
  license: License,
  licenses: readonly License[],
  turns: readonly [LicenseTurn, ...LicenseTurn[]],
): Turn {
  const index = turns.findIndex((turn) => turn.license === license);
  const turn = turns[index];
  if (turn === undefined) return { from: null, message: neverWords(license, licenses, turns[0].from) };
  if (index === 0) return { from: turn.from, message: 'counts at once' };
  const before = turns[index - 1]?.license ?? null;
  const begins = turn.from === licenseBeginsAt(license);
  const from = begins ? license.notBefore : turn.from;
  const { expiresAt, graceMs } = license;
  const grace = from < expiresAt ? '' : `, in its grace until ${utc(expiresAt + graceMs)}`;
  return { from, message: `counts from ${utc(from)} on${sinceWords(before, turn.from, begins)}${grace}` };
}

function sinceWords(before: License | null, at: number, begins: boolean): string {
  if (before === null) return ', when it begins';
  if (begins) return `, when it begins, in place of ${before.id}`;
  return at === before.expiresAt ? `, when ${before.id} ends` : `, when the grace of ${before.id} ends`;
}

function neverWords(license: License, licenses: readonly License[], now: number): string {
  const at = Math.max(now, licenseBeginsAt(license));
  const by = countsAt(licenses, at);
  // Whoever keeps it out counts whenever it could.
  if (by === null) return 'never counts';
  const name = `${by.id} (${by.tier})`;
  if (licenseStatus(license, at).state === 'grace') {
    return `does not count: it ended at ${utc(license.expiresAt)}, and ${name} counts`;
  }
  const when = at > now ? `from ${utc(by.notBefore)}` : '';
  return `does not count: it is older than ${name}, which counts ${when === '' ? '' : `${when} `}until ${utc(by.expiresAt)}`;
}
