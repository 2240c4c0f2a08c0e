import { setTimeout as pause } from 'node:timers/promises';

/** Waits until it holds. A condition that throws ends the wait; `waitFor` in test/lab takes that for not yet. @throws Error after a minute */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await pause(25);
  }
}
