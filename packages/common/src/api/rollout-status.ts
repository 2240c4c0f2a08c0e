import type { RolloutStatus } from './views.js';

const ends: readonly RolloutStatus[] = ['succeeded', 'failed', 'aborted', 'superseded'];

/** True once a rollout has come to its end. Imports nothing at run time: the console has it in the browser. */
export function isRolloutEnded(status: RolloutStatus): boolean {
  return ends.includes(status);
}
