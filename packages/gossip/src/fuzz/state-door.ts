import { busyMs } from './busy.js';
import { type Door, outline } from './door.js';
import { decodeProgram } from './program.js';
import { SlowStep } from './slow-step.js';
import { Subject } from './subject.js';

/** Longest that a member may be busy with one packet, stream or timer, ms: ten times what the worst known takes. */
const MAX_STEP_MS = 200;

function openState(bytes: Uint8Array): string {
  const subject = new Subject();
  for (const [at, step] of decodeProgram(bytes).entries()) {
    const start = busyMs();
    subject.run(step);
    const ms = busyMs() - start;
    if (ms > MAX_STEP_MS) throw new SlowStep(`step ${at} took longer than ${MAX_STEP_MS} ms`);
  }
  const { counters, healthScore } = subject.core;
  const seen = Object.entries(counters).filter(([, count]) => count > 0);
  return outline(`${seen.map(([name]) => name).join(' ')} ${healthScore > 0}`);
}

/** A member's life, as a program of packets, streams, time and its own doings. */
export const STATE_DOORS: readonly Door[] = [{ name: 'state', memory: 256 << 20, open: openState }];
