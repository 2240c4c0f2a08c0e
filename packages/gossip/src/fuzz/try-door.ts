import { getHeapStatistics } from 'node:v8';
import { busyMs } from './busy.js';
import type { Door } from './door.js';
import { SlowStep } from './slow-step.js';

/** How opening a door ended: with an outcome in few words, or with a failure. */
export type Trial = { outcome: string; ms: number } | { failure: string; ms: number };

/**
 * Longest that one packet or stream may take, ms. The worst known takes a tenth of it, so that a busy machine's slowness
 * is no failure; what grows too fast with its input takes seconds.
 */
const MAX_MS = 200;

/** Further trials before a time is believed: code may not be compiled yet, or garbage be collected. */
const TRIALS = 4;

function heldBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

function once(door: Door, bytes: Uint8Array): Trial & { taken: number; slow: boolean } {
  const before = heldBytes();
  const start = busyMs();
  const done = (result: { outcome: string } | { failure: string }, slow: boolean) => {
    const ms = busyMs() - start;
    return {
      ...result,
      ms,
      taken: heldBytes() - before,
      slow: slow || (door.name !== 'state' && ms > MAX_MS),
    };
  };
  try {
    return done({ outcome: door.open(bytes) }, false);
  } catch (error) {
    return done({ failure: `${error}` }, error instanceof SlowStep);
  }
}

/** Opens a door, and judges time and memory as well. */
export function tryDoor(door: Door, bytes: Uint8Array): Trial {
  const first = once(door, bytes);
  if (!first.slow && first.taken <= door.memory) return first;
  const trials = [first, ...Array.from({ length: TRIALS }, () => once(door, bytes))];
  const failed = trials.find((trial) => 'failure' in trial && !trial.slow);
  if (failed) return failed;
  const ms = Math.min(...trials.map((trial) => trial.ms));
  // What is collected meanwhile makes this too small, but nothing makes it too large.
  const taken = Math.max(...trials.map((trial) => trial.taken));
  if (trials.every((trial) => trial.slow)) return { failure: `takes more than ${MAX_MS} ms`, ms };
  if (taken > door.memory) return { failure: `takes more than ${door.memory >> 20} MiB`, ms };
  return { outcome: 'slow once', ms };
}
