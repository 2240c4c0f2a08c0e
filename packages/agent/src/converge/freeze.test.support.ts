import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { RunCommand } from './command.js';

/** Calls that change the disk, or are about to. */
const changing = [
  'chmod',
  'chown',
  'copyFile',
  'link',
  'lutimes',
  'mkdir',
  'open',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'writeFile',
] as const;

/**
 * Stops whatever runs at one of its changing calls for ever, as a kill -9 does. Each call of `node:fs/promises` that changes something is a point,
 * and so is each command, before it and after it. `frozen` resolves once a point was reached.
 */
export interface Freezer {
  /** Counts from now on, and freezes at the `point`-th, beginning with 1. */
  arm(point: number): void;
  /** Counts no more; what is frozen stays so. */
  disarm(): void;
  readonly frozen: Promise<void>;
  /** A command runner whose commands are points. */
  wrap(run: RunCommand): RunCommand;
}

/** Whether calls count as points; asked at each. */
export type Counts = () => boolean;

const real = { ...fs };

/** Takes the place of an earlier one. */
export function createFreezer(counts: Counts = () => true): Freezer {
  let left = Number.POSITIVE_INFINITY;
  let tell = () => {};
  const frozen = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const passes = (): boolean => {
    if (left === Number.POSITIVE_INFINITY || !counts()) return true;
    left -= 1;
    if (left > 0) return true;
    tell();
    return false;
  };
  const never = () => new Promise<never>(() => {});
  for (const name of changing) {
    const call = real[name] as (...args: unknown[]) => Promise<unknown>;
    Object.assign(fs, { [name]: (...args: unknown[]) => (passes() ? call(...args) : never()) });
  }
  syncBuiltinESMExports();
  return {
    frozen,
    arm: (point) => {
      left = point;
    },
    disarm: () => {
      left = Number.POSITIVE_INFINITY;
    },
    wrap: (run) => async (command, options) => {
      if (!passes()) return never();
      const result = await run(command, options);
      return passes() ? result : never();
    },
  };
}
