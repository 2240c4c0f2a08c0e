/** How long to wait before a process that ended by itself is started again. Milliseconds. */
export interface BackoffOptions {
  /** Before the first restart; doubles with each further one. Default 500. */
  readonly firstMs: number;
  /** Never longer. Default 30000. */
  readonly mostMs: number;
  /** A process that ran that long starts from the first delay again. Default 10000. */
  readonly stableMs: number;
}

export const defaultBackoff: BackoffOptions = { firstMs: 500, mostMs: 30_000, stableMs: 10_000 };

/** Delay before restart number `failures` (1 is the first in a row). */
export function backoffDelay(failures: number, options: BackoffOptions = defaultBackoff): number {
  return Math.min(options.mostMs, options.firstMs * 2 ** Math.max(0, failures - 1));
}
