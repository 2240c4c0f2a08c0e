import type { RenderedDrain } from '../render/rendered.js';

/** How a service being drained looks. */
export interface DrainSight {
  /** Milliseconds since load balancers were told. */
  readonly elapsedMs: number;
  /** Milliseconds since its last request was seen; undefined: none was, or nothing tells of them. */
  readonly sinceRequestMs: number | undefined;
}

/** `drained`: nothing comes any more; `timeout`: it does, but it was waited long enough. */
export type DrainProgress = 'waiting' | 'drained' | 'timeout';

/** Whether a service can be disturbed now. Before `settle` no silence counts: the load balancers may not know yet. */
export function drainProgress(drain: RenderedDrain, sight: DrainSight): DrainProgress {
  const { elapsedMs, sinceRequestMs } = sight;
  const silent = sinceRequestMs === undefined || sinceRequestMs >= drain.quietMs;
  if (elapsedMs >= drain.settleMs && silent) return 'drained';
  return elapsedMs >= Math.max(drain.timeoutMs, drain.settleMs) ? 'timeout' : 'waiting';
}
