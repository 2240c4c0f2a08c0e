import { setTimeout as pause } from 'node:timers/promises';

/** Waits until the condition holds; throws, naming it, when it doesn't within `timeoutMs`. */
export async function waitFor(
  what: string,
  condition: () => unknown,
  timeoutMs: number = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await pause(10);
  }
}
