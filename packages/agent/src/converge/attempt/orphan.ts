import { isAlive } from '../../supervise/proc-stat.js';
import type { Clock } from '../clock.js';
import { killGroup } from '../command.js';
import type { NotedCommand } from './journal.js';

/**
 * A command that outlived the agent which started it is waited for, up to its own deadline, then ended: half an `apt-get install` must
 * not run beside another one. Resolves early when the agent stops again.
 */
export async function waitForOrphan(
  command: NotedCommand | undefined,
  clock: Clock,
  stopping: AbortSignal,
): Promise<void> {
  if (command === undefined) return;
  while (isAlive(command) && !stopping.aborted) {
    const left = command.deadline - clock.now();
    if (left <= 0) killGroup(command.pid, 'SIGKILL');
    await clock.sleep(Math.min(Math.max(left, 50), 200), stopping);
  }
}
