import { type ClockReading, type Lease, leapHoldMs } from '@shoal/common';
import { beginning } from './host.js';

/** What is true of the agent's clock and its lease, whatever the agent believes. Kept on the simulated disk with what the agent keeps there: what is lost with it is lost here too. */
export interface Truth {
  readonly clock: ClockTruth;
  /** Null: it never had a lease. */
  readonly lease: LeaseTruth | null;
}

/** How the trusted time came about. Lengths are milliseconds. */
export interface ClockTruth {
  /** True time of the last look. */
  readonly at: number;
  readonly bootId: string;
  /** Trusted time at the last look. */
  readonly trusted: number;
  /** For how long the host was on in all, as far as the agent could know. */
  readonly onMs: number;
  /** What the trusted time may still gain without a word. */
  readonly slackMs: number;
  /** By how much the wall clock was ahead of the trusted time at each look since it is; older ones first. */
  readonly looks: readonly { readonly onMs: number; readonly aheadMs: number }[];
}

/** The lease that the agent was given last. Lengths are milliseconds. */
export interface LeaseTruth {
  /** When it was granted, true time, and what the wall clock and the trusted time were then, since the epoch. */
  readonly grantedAt: number;
  readonly wall: number;
  readonly trusted: number;
  readonly termMs: number;
  /** Its term and the grace after it. */
  readonly lifeMs: number;
  /** The controller's clock and this host's agreed when it was granted. */
  readonly isAgreed: boolean;
  /** For how long the host was on since. */
  readonly onMs: number;
  /** What the trusted time gained on the host since. */
  readonly gainedMs: number;
  /** By how much the wall clock gained on the truth since, at most. */
  readonly fastMs: number;
  /** For how long, up to now without a break, a look found that the lease is over by the wall clock. */
  readonly overMs: number;
}

/** What a look at the clock was. */
export interface Look {
  /** True time. */
  readonly now: number;
  readonly reading: ClockReading;
  /** Trusted time after it, and what the agent said of it: that it follows a clock which had leapt ahead. */
  readonly trusted: number;
  readonly hasAdopted: boolean;
  /** The process looked before: what the clock said while none ran is nobody's fault. */
  readonly isWatched: boolean;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Clocks may gain so much a day without a word, and at once. */
export const slackMs: number = 5 * minuteMs;
/** Numbers are rounded. */
export const roundingMs = 1;

/** The truth of a disk on which nothing is: time begins with the wall clock. */
export function noTruth(now: number, { wall, bootId }: ClockReading): Truth {
  return { clock: { at: now, bootId, trusted: wall, onMs: 0, slackMs, looks: [] }, lease: null };
}

/** Goes on to this look, and tells what is wrong with what the trusted time made of it; undefined: nothing. */
export function looked(
  { clock, lease }: Truth,
  look: Look,
): { readonly truth: Truth; readonly wrong: string | undefined } {
  const { now, reading, trusted, hasAdopted } = look;
  const ranMs = ran(clock, now, reading);
  const onMs = clock.onMs + ranMs;
  const gainedMs = trusted - clock.trusted - ranMs;
  const termMs = lease?.termMs ?? 7 * dayMs;
  const looks = [...clock.looks, { onMs, aheadMs: reading.wall - (clock.trusted + ranMs) }];
  const since = looks.findLastIndex((each) => each.onMs <= onMs - leapHoldMs(termMs) + roundingMs);
  const claimedMs =
    since < 0 ? 0 : Math.max(0, Math.min(...looks.slice(since).map(({ aheadMs }) => aheadMs)));
  const slack = Math.min(slackMs, clock.slackMs + (ranMs * slackMs) / dayMs);
  const wrong = misled(gainedMs, hasAdopted ? claimedMs + Math.min(slackMs, termMs / 24) : slack, look);
  return {
    truth: {
      clock: {
        at: now,
        bootId: reading.bootId,
        trusted,
        onMs,
        slackMs: hasAdopted ? slackMs : slack - gainedMs,
        looks: claiming(looks, gainedMs),
      },
      lease: lease === null ? null : lived(lease, look, ranMs, gainedMs),
    },
    wrong,
  };
}

function misled(gainedMs: number, mostMs: number, { hasAdopted }: Look): string | undefined {
  if (gainedMs < -roundingMs) return `the trusted time lost ${-gainedMs} ms on the host`;
  if (gainedMs <= mostMs + roundingMs) return undefined;
  const why = hasAdopted ? 'the clock was ahead throughout the hold' : 'goes without a word';
  return `the trusted time gained ${gainedMs} ms, where ${mostMs} ms at most ${why}`;
}

function lived(
  lease: LeaseTruth,
  { now, reading, isWatched }: Look,
  ranMs: number,
  gainedMs: number,
): LeaseTruth {
  const { wall } = reading;
  const isOver = isWatched && wall - Math.max(lease.wall, lease.trusted) >= lease.lifeMs;
  return {
    ...lease,
    onMs: lease.onMs + ranMs,
    gainedMs: lease.gainedMs + gainedMs,
    fastMs: Math.max(lease.fastMs, wall - lease.wall - (now - lease.grantedAt)),
    overMs: isOver ? lease.overMs + ranMs : 0,
  };
}

/** A lease was taken in this look, and may have set the time. */
export function granted(
  { clock }: Truth,
  lease: Lease,
  { now, reading, trusted }: Look,
): { readonly truth: Truth; readonly wrong: string | undefined } {
  const { wall, bootId } = reading;
  const ranMs = ran(clock, now, reading);
  const before = clock.trusted + ranMs;
  const onMs = clock.onMs + ranMs;
  const looks = [...clock.looks, { onMs, aheadMs: wall - before }];
  const termMs = lease.expiresAt - lease.issuedAt;
  const isAgreed = Math.abs(lease.issuedAt - wall) <= Math.min(10 * minuteMs, termMs / 12);
  const isLost = trusted < Math.min(before, wall) - roundingMs;
  return {
    truth: {
      clock: {
        at: now,
        bootId,
        trusted,
        onMs,
        slackMs,
        looks: claiming(looks, trusted - before),
      },
      lease: {
        grantedAt: now,
        wall,
        trusted,
        termMs,
        lifeMs: termMs + lease.graceMs,
        isAgreed,
        onMs: 0,
        gainedMs: 0,
        fastMs: 0,
        overMs: 0,
      },
    },
    wrong: isLost
      ? `a lease set the trusted time back to ${trusted - beginning}, behind the clock too`
      : undefined,
  };
}

/** Of looks, those since the wall clock is ahead of a trusted time that gained so much. */
function claiming(looks: ClockTruth['looks'], gainedMs: number): ClockTruth['looks'] {
  const left = looks.map((each) => ({ ...each, aheadMs: each.aheadMs - gainedMs }));
  return left.slice(left.findLastIndex(({ aheadMs }) => aheadMs <= roundingMs) + 1);
}

/** The node left the cluster that its lease is of. */
export function left(truth: Truth): Truth {
  return { ...truth, lease: null };
}

/** Of a boot that is new to the agent it knows how long ago it was. */
function ran(clock: ClockTruth, now: number, { bootId, bootTime }: ClockReading): number {
  return bootId === clock.bootId ? now - clock.at : bootTime;
}
