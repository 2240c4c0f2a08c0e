import { readdirSync, readFileSync } from 'node:fs';

/** What `/proc/PID/stat` tells of a process (proc(5)). */
export interface ProcessStat {
  /** One letter; `Z` is a zombie: dead, not yet collected. */
  readonly state: string;
  /** Process group. */
  readonly group: number;
  /** Start, in clock ticks since boot. With the boot's id it tells a process from a later one with the same id. */
  readonly startTicks: string;
}

/** Takes a line of `/proc/PID/stat` apart; undefined when it isn't one. The name in field 2 may hold anything, `)` too. */
export function parseStat(line: string): ProcessStat | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state && startTicks ? { state, group: Number(fields[2]), startTicks } : undefined;
}

/** The process's state now; undefined when there is none. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A process that is told apart from any other, also after its id was used again. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
}

/** Names a living process for later; undefined when it is gone already. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && { pid, startTicks: stat.startTicks, bootId: bootId() };
}

/** Whether that very process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  const stat = readStat(identity.pid);
  return stat !== undefined && stat.state !== 'Z' && stat.startTicks === identity.startTicks;
}

/**
 * Whether the process's id is another one's by now, and so is the group of that number. While a process of the old group lives, the kernel
 * gives its number to nobody (alloc_pid, kernel/pid.c): an id without a process, or with the old one as a zombie, is still the old group's.
 */
export function isReused(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return true;
  const stat = readStat(identity.pid);
  return stat !== undefined && stat.startTicks !== identity.startTicks;
}

/** Whether a process of the group lives. Zombies that nobody collects don't count, though signals still reach them. */
export function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  return readdirSync('/proc').some((name) => {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    return stat?.group === group && stat.state !== 'Z';
  });
}

let knownBootId: string | undefined;

/** Random per boot of the kernel. */
export function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}
