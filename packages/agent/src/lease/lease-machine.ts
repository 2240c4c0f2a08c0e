import { freeLimits, freeTier } from '@shoal/common';
import { effectsBetween } from './lease-effects.js';
import type { Grant, HeldLease, LeaseDemands, LeaseEffect, LeaseMachine } from './lease-states.js';

/** Something that happened to the lease: time went on; a lease was verified, and takes the place of the one before; the node left its cluster. */
export type LeaseInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'lease'; readonly lease: HeldLease }
  | { readonly kind: 'forget' };

/** Before the end of a license by so much the agent warns, milliseconds. */
export const licenseWarnMs: number = 7 * 24 * 3600_000;
/** How long a node says that it is restored before it is simply active, milliseconds. */
export const restoredMs: number = 5_000;
/** How long after a late renewal pools still keep peers that had left for want of a lease: by then those are back, milliseconds. */
export const keepMs: number = 60_000;

/** What a node without a lease may do. */
export const freeGrant: Grant = { tier: freeTier, limits: freeLimits.service };

const degraded: LeaseDemands = { gossip: false, pools: 'frozen', manifests: false, grant: freeGrant };

const never = Number.NEGATIVE_INFINITY;

/** A node that has no lease (yet). */
export const noLease: LeaseMachine = {
  state: 'degraded',
  why: 'none',
  lease: null,
  isClaimedLate: false,
  restoredAt: never,
  keepUntil: never,
  demands: degraded,
};

/** The machine at the agent's start, with the lease that is on disk. `now`: trusted time, milliseconds since the epoch; `claimed`: what a wall clock says that is ahead of it. */
export function startMachine(lease: HeldLease | null, now: number, claimed: number = now): LeaseMachine {
  return settle({ ...noLease, lease }, now, claimed);
}

/** What becomes of the machine, and what is to be done about it, in this order. `now`, `claimed`: as for `startMachine`. */
export function stepLease(
  before: LeaseMachine,
  input: LeaseInput,
  now: number,
  claimed: number = now,
): { readonly machine: LeaseMachine; readonly effects: readonly LeaseEffect[] } {
  const machine = settle(take(before, input, now), now, claimed);
  return { machine, effects: effectsBetween(before, machine, now) };
}

/** Milliseconds until something changes by itself; infinity: nothing does. */
export function untilChange({ lease, restoredAt, keepUntil }: LeaseMachine, now: number): number {
  if (lease === null) return Number.POSITIVE_INFINITY;
  const { endsAt, graceMs, licenseExpiresAt } = lease;
  const moments = [
    lateAt(lease),
    endsAt,
    endsAt + graceMs,
    restoredAt + restoredMs,
    keepUntil,
    (licenseExpiresAt ?? Number.POSITIVE_INFINITY) - licenseWarnMs,
  ];
  return Math.min(...moments.map((at) => at - now).filter((left) => left > 0));
}

function take(before: LeaseMachine, input: LeaseInput, now: number): LeaseMachine {
  if (input.kind === 'tick') return before;
  if (input.kind === 'forget') return noLease;
  const isLate = before.why === 'unrenewed' || before.state === 'degraded' || before.isClaimedLate;
  return {
    ...before,
    lease: input.lease,
    // The first lease of a node restores nothing.
    restoredAt: before.state === 'degraded' && before.lease !== null ? now : before.restoredAt,
    keepUntil: isLate ? now + keepMs : before.keepUntil,
  };
}

function settle(machine: LeaseMachine, now: number, claimed: number): LeaseMachine {
  const { lease } = machine;
  const isClaimedLate = lease !== null && claimed > now && claimed >= lateAt(lease);
  const stands = { ...machine, ...stateAt(machine, now), isClaimedLate };
  return { ...stands, demands: demandsOf(stands, now) };
}

function stateAt(machine: LeaseMachine, now: number): Pick<LeaseMachine, 'state' | 'why'> {
  const { lease, restoredAt } = machine;
  if (lease === null) return { state: 'degraded', why: 'none' };
  if (now >= lease.endsAt + lease.graceMs) return { state: 'degraded', why: 'unrenewed' };
  if (now >= lease.endsAt) return { state: 'expired', why: 'unrenewed' };
  if (now >= restoredAt && now < restoredAt + restoredMs) return { state: 'restored', why: 'ok' };
  if (now >= lateAt(lease)) return { state: 'warning', why: 'unrenewed' };
  const { licenseExpiresAt } = lease;
  const endsSoon = licenseExpiresAt !== null && now >= licenseExpiresAt - licenseWarnMs;
  return endsSoon ? { state: 'warning', why: 'license' } : { state: 'active', why: 'ok' };
}

function demandsOf(machine: LeaseMachine, now: number): LeaseDemands {
  const { state, why, lease, keepUntil, isClaimedLate } = machine;
  if (lease === null || state === 'degraded') return degraded;
  // A lease may have set a time right that was far ahead.
  const isComingBack = now < keepUntil && keepUntil <= now + keepMs;
  // Hosts that were off believe their clocks one after another: who does so first leaves while the others are still active.
  const isKept = why === 'unrenewed' || isClaimedLate || isComingBack;
  const { tier, limits } = lease;
  return { gossip: true, pools: isKept ? 'kept' : 'live', manifests: true, grant: { tier, limits } };
}

/** From then on less than half of the term is left. */
function lateAt({ startsAt, endsAt }: HeldLease): number {
  return (startsAt + endsAt) / 2;
}
