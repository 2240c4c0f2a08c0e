import { readFileSync } from 'node:fs';
import { nextDeadline } from './machine.js';
import type { ClockReading, RolloutState } from './state.js';

/** Smaller differences are the host's clock being kept right, milliseconds. */
const jumpMs = 2000;
/** A reading that is older than that is taken anew while something is timed, so that no more is lost when the host is started anew. */
const freshMs = 30_000;

/**
 * The rollout with its times as the wall clock has them now: when that was set, deadlines, and since when a canary is healthy, are moved by as much, so that nothing
 * expires or is put off. Time in which the host was off doesn't count. The same state when there is nothing to be done.
 */
export function keepTime(state: RolloutState, now: ClockReading): RolloutState {
  const { clock } = state;
  if (clock === null) return { ...state, clock: now };
  const passed = clock.boot === now.boot ? Math.max(0, now.elapsed - clock.elapsed) : 0;
  const jump = now.at - clock.at - passed;
  if (Math.abs(jump) > jumpMs) return { ...moved(state, jump), clock: now };
  const isOld = clock.boot !== now.boot || passed > freshMs;
  return isOld && isTimed(state) ? { ...state, clock: now } : state;
}

function isTimed(state: RolloutState): boolean {
  return nextDeadline(state) !== undefined || state.status === 'paused';
}

function moved(state: RolloutState, ms: number): RolloutState {
  const move = (time: number | null): number | null => (time === null ? null : time + ms);
  return {
    ...state,
    deadlineAt: move(state.deadlineAt),
    pausedAt: move(state.pausedAt),
    canaryAt: move(state.canaryAt),
    nodes: state.nodes.map((node) =>
      node.deadlineAt === null ? node : { ...node, deadlineAt: node.deadlineAt + ms },
    ),
  };
}

let bootId: string | undefined;

/** Reads this host's clocks. `now`: the wall clock. */
export function readClocks(now: () => number): ClockReading {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const [seconds = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return { at: now(), elapsed: Math.round(Number(seconds) * 1000), boot: bootId };
}
