import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killCgroup } from './cgroup.js';
import { runSync } from './command.js';

const registry = '/run/shoal-lab';

/** What a run owns on this machine, written down before any of it is made, so that another run can sweep it up. */
export interface RunRecord {
  /** Eight hexadecimal digits, never used twice. Every name that the run makes begins with `shoal-<id>`. */
  id: string;
  /** The process that the run belongs to, with its start time in clock ticks (pids come round again). */
  pid: number;
  startTime: string;
  /** The directory for disks and consoles. */
  workDir: string;
  /** Names of the hosts. */
  hosts: string[];
}

/** Registers a new run of this process and makes its work directory under `parent`. */
export function registerRun(parent: string, hosts: string[]): RunRecord {
  const id = randomBytes(4).toString('hex');
  const workDir = join(parent, `run-${id}`);
  const record: RunRecord = { id, pid: process.pid, startTime: startTime(process.pid) ?? '', workDir, hosts };
  mkdirSync(registry, { recursive: true });
  writeFileSync(join(registry, `${id}.json`), JSON.stringify(record), { mode: 0o600 });
  mkdirSync(workDir, { recursive: true });
  return record;
}

/** The name of one of the run's namespaces, cgroups or machines: `shoal-<id>-<part>`. */
export function ownName(record: RunRecord, part: string): string {
  return `shoal-${record.id}-${part}`;
}

/** The run's cgroup, above those of its hosts. */
export function runCgroup(record: RunRecord): string {
  return `shoal-lab-${record.id}`;
}

/** Where a host's disk is mounted. */
export function diskMount(record: RunRecord, host: string): string {
  return join(record.workDir, host, 'root');
}

/** Removes everything that the run owns: processes, mounts, namespaces, disks, and at last its record. Never throws. */
export function removeRun(record: RunRecord): void {
  killCgroup(runCgroup(record));
  for (const host of record.hosts) {
    runSync('umount', '--lazy', diskMount(record, host));
    runSync('ip', 'netns', 'delete', ownName(record, host));
  }
  runSync('ip', 'netns', 'delete', ownName(record, 'fabric'));
  // Never through a mount that would not go: one file system only.
  runSync('rm', '-rf', '--one-file-system', record.workDir);
  rmSync(join(registry, `${record.id}.json`), { force: true });
}

/** Removes what runs left behind whose process is dead. Safe while other runs are alive, and beside another sweep. */
export function sweepDeadRuns(): void {
  for (const record of records()) {
    if (startTime(record.pid) !== record.startTime) removeRun(record);
  }
}

function records(): RunRecord[] {
  let names: string[];
  try {
    names = readdirSync(registry).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = join(registry, name);
    try {
      return [JSON.parse(readFileSync(path, 'utf8')) as RunRecord];
    } catch {
      // Half written: by a run that starts just now, or by one that died doing it, before it made anything.
      if (Date.now() - mtime(path) > 60_000) rmSync(path, { force: true });
      return [];
    }
  });
}

function mtime(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
}

/** Field 22 of /proc/PID/stat, counted after the parenthesized name, which may hold spaces. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
