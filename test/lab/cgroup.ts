import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { pauseSync } from './pause.js';

/**
 * Where a process has to be entered for systemd to find a cgroup of its own: on a hybrid machine the named v1
 * hierarchy and the v2 one beside it, on a pure v2 machine the only one.
 */
function hierarchies(): string[] {
  const hybrid = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'].filter((path) => existsSync(path));
  return hybrid.length > 0 ? hybrid : ['/sys/fs/cgroup'];
}

/**
 * Makes a cgroup of this name in each hierarchy. Without one of its own, each host's systemd would take the
 * machine's root cgroup for its own, and two hosts would fight over it.
 * @returns the `cgroup.procs` files into which a process writes its pid to enter.
 */
export function createCgroup(name: string): string[] {
  return hierarchies().map((root) => {
    mkdirSync(join(root, name), { recursive: true });
    return join(root, name, 'cgroup.procs');
  });
}

/** Kills all that runs in the cgroups of this name and below, waits for its end, and removes them. Never throws. */
export function killCgroup(name: string): void {
  const roots = hierarchies().map((root) => join(root, name));
  for (let round = 0; round < 200; round++) {
    const pids = roots.flatMap(pidsBelow);
    if (pids.length === 0) break;
    for (const pid of pids) kill(pid);
    pauseSync(20);
  }
  for (const root of roots) removeTree(root);
}

function pidsBelow(directory: string): number[] {
  try {
    const own = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    return [...own.filter((pid) => pid > 0), ...children(directory).flatMap(pidsBelow)];
  } catch {
    return [];
  }
}

function removeTree(directory: string): void {
  try {
    for (const child of children(directory)) removeTree(child);
    rmdirSync(directory);
  } catch {
    // Not there, or a process is just leaving: the next run's sweep comes by again.
  }
}

function children(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(directory, entry.name));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}
