import {
  judgeLicense,
  type License,
  LicenseRefused,
  licenseBeginsAt,
  openLicense,
  type TrustedLicenseKeys,
} from '@shoal/common';
import { mostLicenses, type StoredLicense, textHash } from './installed-licenses.js';
import type { ForeseenTime, KeptClock } from './kept-clock.js';
import { provenTime } from './proven-time.js';
import type { JudgedLicense } from './standing.js';

/** What a license is held against that an operator brings. */
export interface Bringing {
  readonly trust: TrustedLicenseKeys;
  readonly clusterId: string;
  readonly clock: KeptClock;
  /** Trusted time. */
  readonly now: number;
  /** Those that are there and good, now or later. */
  readonly others: readonly License[];
  /** True for the id of a license that counted here once. */
  readonly wasSeen: (id: string) => boolean;
}

/** A license that can be taken, one to come too; and what becomes of the time with it. Nothing is changed yet. Throws why it isn't taken. */
export async function openBrought(
  text: string,
  { trust, clusterId, clock, now, others, wasSeen }: Bringing,
): Promise<{ readonly license: License; readonly time: ForeseenTime }> {
  const license = await openLicense(text, trust);
  const proven = provenTime([...others, license], { now, wall: clock.wall });
  try {
    checkTaken(license, clusterId, proven);
    return { license, time: clock.foresee('attest', proven) };
  } catch (refused) {
    // The clock was wrong, far ahead, for long: a license that was never seen, and has begun, tells the time anew.
    if (clock.doubt?.kind !== 'behind') throw refused;
    judgeLicense(license, { clusterId, now: clock.wall });
    if (wasSeen(license.id)) throw refused;
    return { license, time: clock.foresee('restart', license.issuedAt) };
  }
}

/** What is installed with one more: it takes the place of those that ended, and of older ones of its id, once it counts itself; before that of as many as there are too many. */
export async function withOneMore(
  installed: readonly StoredLicense[],
  brought: StoredLicense,
  {
    license,
    now,
    judge,
  }: {
    /** What `brought` is. */
    readonly license: License;
    readonly now: number;
    readonly judge: (one: StoredLicense) => Promise<JudgedLicense>;
  },
): Promise<readonly StoredLicense[]> {
  const hash = textHash(brought.text);
  const others = installed.filter(({ text }) => textHash(text) !== hash);
  const judged = await Promise.all(others.map(judge));
  const isOver = (_: StoredLicense, index: number): boolean => judged[index]?.problem?.reason === 'expired';
  if (licenseBeginsAt(license) > now) {
    // Until it begins, the one that ended last is told as the cluster's.
    const excess = Math.max(0, others.length + 1 - mostLicenses);
    const gone = others
      .filter(isOver)
      .sort((a, b) => (a.known?.expiresAt ?? 0) - (b.known?.expiresAt ?? 0))
      .slice(0, excess);
    return [...others.filter((one) => !gone.includes(one)), brought];
  }
  const isOlder = ({ id }: StoredLicense, index: number): boolean =>
    id === license.id && (judged[index]?.license?.issuedAt ?? 0) <= license.issuedAt;
  return [...others.filter((one, index) => !isOver(one, index) && !isOlder(one, index)), brought];
}

function checkTaken(license: License, clusterId: string, now: number): void {
  try {
    judgeLicense(license, { clusterId, now });
  } catch (thrown) {
    if (!(thrown instanceof LicenseRefused && thrown.reason === 'not-yet-valid')) throw thrown;
  }
}
