import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second of /proc/PID/stat: 100 on every Linux that Node supports (proc(5), USER_HZ). */
const ticksPerSecond = 100;

/** What /proc tells of a process at one moment. */
export interface ProcessSample {
  readonly residentBytes: number;
  /** User and system time so far, in seconds. */
  readonly cpuSeconds: number;
}

/** Memory and processor time of a process (proc(5): VmRSS of status, fields 14 and 15 of stat). */
export function sampleProcess(pid: number): ProcessSample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const resident = /VmRSS:\s+(\d+) kB/.exec(status)?.[1];
  return {
    residentBytes: Number(resident ?? 0) * 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
  };
}

/** Processes whose parent is `parent`, with their command lines. */
export function childrenOf(parent: number): { pid: number; command: readonly string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== parent) return [];
        return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') }];
      } catch {
        // It ended between the listing and the reading.
        return [];
      }
    });
}
