import {
  judgeLicense,
  type License,
  LicenseRefused,
  licenseBeginsAt,
  openLicense,
  type TrustedLicenseKeys,
} from '@shoal/common';
import { type StoredLicense, textHash } from './installed-licenses.js';
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

/** What is installed with one more: it takes the place of those that ended, and of older ones of its id, once it counts itself. */
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
  if (licenseBeginsAt(license) > now) return [...others, brought];
  const judged = await Promise.all(others.map(judge));
  const isReplaced = ({ id }: StoredLicense, index: number): boolean => {
    const { license: other, problem } = judged[index] ?? {};
    if (problem?.reason === 'expired') return true;
    return id === license.id && (other === undefined || other.issuedAt <= license.issuedAt);
  };
  return [...others.filter((one, index) => !isReplaced(one, index)), brought];
}

function checkTaken(license: License, clusterId: string, now: number): void {
  try {
    judgeLicense(license, { clusterId, now });
  } catch (thrown) {
    if (!(thrown instanceof LicenseRefused && thrown.reason === 'not-yet-valid')) throw thrown;
  }
}
