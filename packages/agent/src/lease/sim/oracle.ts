import { leapHoldMs } from '@shoal/common';
import type { LeaseMachine } from '../lease-states.js';
import { type LeaseTruth, roundingMs, slackMs } from './truth.js';

/** Contact has to restore a node within this, milliseconds. */
export const restoredWithinMs = 10_000;

/** What is wrong with the state that the agent believes in; undefined: nothing. `now`: true time; `tickMs`: the longest time between two looks at the clock. */
export function judge(
  { state, lease, demands }: LeaseMachine,
  truth: LeaseTruth | null,
  now: number,
  tickMs: number,
): string | undefined {
  const isDegraded = state === 'degraded';
  if (demands.gossip === isDegraded || demands.manifests === isDegraded)
    return `${state}, and yet gossip is ${demands.gossip} and manifests ${demands.manifests}`;
  if ((demands.pools === 'frozen') !== isDegraded) return `${state}, and yet pools are ${demands.pools}`;
  if ((demands.grant.tier === 'free') !== isDegraded)
    return `${state}, and yet the tier is ${demands.grant.tier}`;
  if (truth === null) return isDegraded ? undefined : `${state} without a lease`;
  if (lease === null) return 'the lease was lost';
  return isDegraded ? early(truth, now) : outlived(state, truth, tickMs);
}

/** Not longer in running time than it lives; and when the wall clock says that it is over, not longer than that has to be waited for. */
function outlived(
  state: string,
  { onMs, overMs, lifeMs, termMs }: LeaseTruth,
  tickMs: number,
): string | undefined {
  if (onMs > lifeMs + tickMs)
    return `${state} after ${onMs} ms of the host being on, the lease's life is ${lifeMs} ms`;
  const hold = leapHoldMs(termMs) + 2 * tickMs;
  if (overMs > hold)
    return `${state} although the clock said for ${overMs} ms that the lease is over, ${hold} ms are allowed`;
  return undefined;
}

/** Not before the trusted time says so, each gain of which was judged; nor sooner than the wall clock gained on the truth since. */
function early(
  { onMs, gainedMs, lifeMs, termMs, isAgreed, grantedAt, fastMs }: LeaseTruth,
  now: number,
): string | undefined {
  if (onMs + gainedMs < lifeMs - roundingMs)
    return `degraded after ${onMs} ms of the host being on and ${gainedMs} ms that the clock gained, the lease's life is ${lifeMs} ms`;
  // A clock that was a little ahead already, and goes without a word.
  const littleMs = isAgreed ? roundingMs : Math.min(slackMs, termMs / 24);
  if (now - grantedAt + fastMs < lifeMs - littleMs)
    return `degraded ${now - grantedAt} ms after the grant, the clock gained ${fastMs} ms at most, the lease's life is ${lifeMs} ms`;
  return undefined;
}
