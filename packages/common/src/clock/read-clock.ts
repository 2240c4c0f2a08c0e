import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClockReading } from './trusted-clock.js';

/** Stands for the boot where the kernel doesn't name it: one for this process, so that no time of another is counted. */
const unknownBoot: string = randomUUID();

/** Where the kernel tells of its boot, and the system its host (machine-id(5)); for tests. */
export interface ClockSources {
  readonly bootIdFile: string;
  readonly uptimeFile: string;
  readonly machineIdFile: string;
  readonly wall: () => number;
}

const linux: ClockSources = {
  bootIdFile: '/proc/sys/kernel/random/boot_id',
  uptimeFile: '/proc/uptime',
  machineIdFile: '/etc/machine-id',
  wall: Date.now,
};

/** What this host's clocks say now. Costs reads of three small files; where /proc is missing, time in this process counts alone. */
export function readClock(sources: ClockSources = linux): ClockReading {
  const wall = sources.wall();
  const bootId = read(sources.bootIdFile);
  // Seconds of CLOCK_BOOTTIME since the boot, and of idle time (proc(5)).
  const seconds = Number(read(sources.uptimeFile).split(' ')[0] || Number.NaN);
  return bootId === '' || Number.isNaN(seconds)
    ? { wall, bootId: unknownBoot, bootTime: Math.floor(performance.now()) }
    : { wall, bootId, bootTime: Math.round(seconds * 1000), hostId: hostId(read(sources.machineIdFile)) };
}

/** The machine's id itself isn't to be handed on, says machine-id(5). */
function hostId(machineId: string): string | undefined {
  if (machineId === '') return undefined;
  return createHash('sha256').update(`shoal clock ${machineId}`).digest('hex').slice(0, 32);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
