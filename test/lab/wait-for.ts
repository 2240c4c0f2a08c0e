import { setTimeout as delay } from 'node:timers/promises';

/** How long and for what to wait. */
export interface WaitOptions {
  /** Give up after this many milliseconds. Default 30,000. */
  timeoutMs?: number;
  /** Pause between two tries, in milliseconds. Default 200. */
  intervalMs?: number;
  /** What is waited for, for the error: "the node to be seen as failed". */
  what: string;
}

/**
 * Asks again and again until `condition` returns something truthy, and returns that. A condition that throws counts
 * as not yet.
 * @throws Error after `timeoutMs`, naming what was waited for and the last failure or value.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<NonNullable<T>> {
  const { timeoutMs = 30_000, intervalMs = 200, what } = options;
  const end = performance.now() + timeoutMs;
  let last = 'nothing';
  do {
    try {
      const value = await condition();
      if (value) return value;
      last = JSON.stringify(value) ?? String(value);
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await delay(intervalMs);
  } while (performance.now() < end);
  throw new Error(`waited ${timeoutMs} ms for ${what}; last: ${last}`);
}
