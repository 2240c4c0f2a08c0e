import type { License } from '@shoal/common';
import type { JudgedLicense } from './standing.js';
import { countsAt } from './timeline.js';

/**
 * The time that must have come by what the vendor signed, ms since the epoch. It is `now`, trusted time, at least, which lags after each time that the host was off: the clock
 * is held for an hour then. A license was made when it says so, unless the wall clock is before that. And where none counts, one has begun that is valid by the wall
 * clock: nothing else is burnt by that, and nothing of its own.
 */
export function provenTime(
  licenses: readonly License[],
  { now, wall }: { readonly now: number; readonly wall: number },
): number {
  const made = licenses.map(({ issuedAt }) => issuedAt).filter((at) => at <= wall);
  const reached = Math.max(now, ...made);
  if (countsAt(licenses, reached) !== null) return reached;
  const begun = licenses
    .filter(({ notBefore, expiresAt, graceMs }) => notBefore <= wall && wall < expiresAt + graceMs)
    .map(({ notBefore }) => notBefore)
    .filter((at) => at > reached);
  return begun.length === 0 ? reached : Math.min(...begun);
}

/** Those whose dates tell something of the time: what is refused for another reason doesn't. */
export function licensesOfTime(judged: readonly JudgedLicense[]): readonly License[] {
  return judged.flatMap(({ license, problem }) => {
    const isOfTime = problem === undefined || problem.reason === 'clock-doubtful';
    return license !== undefined && isOfTime ? [license] : [];
  });
}
