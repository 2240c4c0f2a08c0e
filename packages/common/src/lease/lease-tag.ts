import type { LeaseState } from './lease.js';

const letters: Readonly<Record<LeaseState, string>> = {
  active: 'a',
  warning: 'w',
  expired: 'e',
  degraded: 'd',
  restored: 'r',
};

const states: ReadonlyMap<string, LeaseState> = new Map(
  Object.entries(letters).map(([state, letter]) => [letter, state as LeaseState]),
);

/** Above so many hours the tag tells days, so that it changes once a day and not each hour. */
const byHours = 48;

/**
 * A member's tag `lease`: a letter for the state, and the hours of the term that are left, as `a168` (active, 7 days). More than two days are told in
 * whole days, so that few changes are gossiped. `leftMs`: may be negative; 0 for none.
 */
export function leaseTag(state: LeaseState, leftMs: number): string {
  const hours = Math.max(0, Math.round(leftMs / 3600_000));
  return `${letters[state]}${hours > byHours ? Math.round(hours / 24) * 24 : hours}`;
}

/** What a member's tag `lease` says; undefined: there is none, or it isn't understood. */
export function parseLeaseTag(
  tag: string | undefined,
): { readonly state: LeaseState; readonly hoursLeft: number } | undefined {
  const [, letter = '', hours = ''] = /^([a-z])(\d{1,5})$/.exec(tag ?? '') ?? [];
  const state = states.get(letter);
  return state === undefined ? undefined : { state, hoursLeft: Number(hours) };
}
