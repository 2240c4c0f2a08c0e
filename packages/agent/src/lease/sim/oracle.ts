import { leapHoldMs } from '@shoal/common';
import type { LeaseMachine } from '../lease-states.js';
import type { History } from './history.js';

/** What is true of the lease that the agent has, whatever it believes. Kept on the simulated disk with what the agent keeps there. */
export interface Truth {
  /** When it was granted, true time. */
  readonly grantedAt: number;
  /** For how long the host was on since, as far as it could know: what was lost with a disk, or wasn't written before a crash, is lost here too. */
  readonly onMs: number;
  /** For how long of that, up to now without a break, the wall clock said that the lease is over. */
  readonly overMs: number;
  /** The agent said that it followed a clock which had leapt ahead. */
  readonly hasAdopted: boolean;
  /** True time of this. */
  readonly at: number;
  readonly bootId: string;
}

/** Clocks gain so much, and as much more each day, without being doubted, milliseconds: what the trusted clock lets through. */
const slackMs = 5 * 60_000;
/** Contact has to restore a node within this, milliseconds. */
export const restoredWithinMs = 10_000;

/** The truth goes on while the host is on. `isOver`: the wall clock says that the lease is over, grace included. */
export function passed(truth: Truth, now: number, bootId: string, isOver: boolean): Truth {
  const ms = bootId === truth.bootId ? now - truth.at : 0;
  return {
    ...truth,
    onMs: truth.onMs + ms,
    overMs: isOver ? truth.overMs + ms : 0,
    at: now,
    bootId,
  };
}

/** What is wrong with the state that the agent believes in; undefined: nothing. `swingMs`: how far apart the wall clock's errors have been. */
export function judge(
  history: History,
  machine: LeaseMachine,
  truth: Truth | null,
  swingMs: number,
): string | undefined {
  const { state, lease, demands } = machine;
  const isDegraded = state === 'degraded';
  if (demands.gossip === isDegraded || demands.manifests === isDegraded)
    return `${state}, and yet gossip is ${demands.gossip} and manifests ${demands.manifests}`;
  if ((demands.pools === 'frozen') !== isDegraded) return `${state}, and yet pools are ${demands.pools}`;
  if (lease === null || truth === null) return isDegraded ? undefined : `${state} without a lease`;
  const life = history.termMs + history.graceMs;
  if (isDegraded) return early(truth, life, swingMs);
  const bound = life + history.tickMs;
  if (truth.onMs > bound)
    return `${state} after ${truth.onMs} ms of the host being on, the lease's life is ${life} ms`;
  const hold = leapHoldMs(history.termMs) + 2 * history.tickMs;
  if (truth.overMs > hold)
    return `${state} although the clock said for ${truth.overMs} ms that the lease is over, ${hold} ms are allowed`;
  return undefined;
}

function early({ grantedAt, at, hasAdopted }: Truth, life: number, swingMs: number): string | undefined {
  if (hasAdopted) return undefined;
  const slack = Math.min(swingMs, slackMs * (1 + (at - grantedAt) / (24 * 3600_000)));
  const allowed = slack + 1000;
  if (at - grantedAt >= life - allowed) return undefined;
  return `degraded ${at - grantedAt} ms after the grant, the lease's life is ${life} ms`;
}
