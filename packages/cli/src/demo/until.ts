import { setTimeout as delay } from 'node:timers/promises';
import { ShoalError } from '@shoal/common';

/**
 * Waits until `condition` holds, asking every 100 ms; an error of it counts as "not yet", but for `step_failed`, which is final.
 *
 * @param ref - whether waiting keeps the process alive when everything else has ended; default: it doesn't
 * @throws ShoalError `deadline_exceeded` after `timeoutMs` (default 60 s), with the condition's last error as cause
 */
export async function until(
  condition: () => Promise<boolean>,
  what: string,
  { timeoutMs = 60_000, ref = false }: { readonly timeoutMs?: number; readonly ref?: boolean } = {},
): Promise<void> {
  const end = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      if (await condition()) return;
    } catch (error) {
      if (ShoalError.is(error) && error.code === 'step_failed') throw error;
      last = error;
    }
    await delay(100, undefined, { ref });
  }
  throw new ShoalError('deadline_exceeded', `Waited ${timeoutMs / 1000} s in vain for ${what}`, {
    cause: last,
  });
}
