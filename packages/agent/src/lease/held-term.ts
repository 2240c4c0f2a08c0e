import type { ClockEvent, Lease } from '@shoal/common';

/** A lease, and its term as this node counts it: in trusted time, milliseconds since the epoch. */
export interface HeldTerm {
  readonly lease: Lease;
  readonly startsAt: number;
  readonly endsAt: number;
  /** By how much the wall clock was ahead of the trusted time as the lease came, and has been since; milliseconds. Default: 0. */
  readonly aheadMs?: number | undefined;
}

/**
 * The term after a look at the clock. What the wall clock was ahead when the lease came is no time that went by since: when it is adopted, the term goes along. `aheadMs`: by how much the wall
 * clock is ahead now.
 */
export function followClock(held: HeldTerm, events: readonly ClockEvent[], aheadMs: number): HeldTerm {
  const { startsAt, endsAt, aheadMs: before = 0 } = held;
  if (before === 0) return held;
  const adopted = events.reduce((sum, event) => sum + (event.kind === 'adopted' ? event.byMs : 0), 0);
  const along = Math.min(before, adopted);
  const left = Math.max(0, Math.min(before - along, aheadMs));
  return { ...held, startsAt: startsAt + along, endsAt: endsAt + along, aheadMs: left };
}
