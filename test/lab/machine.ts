import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createCgroup, killCgroup } from './cgroup.js';
import { waitFor } from './wait-for.js';

/** What a machine is started from. */
export interface MachineOptions {
  /** Unique on this computer, at most 64 characters. */
  machine: string;
  hostname: string;
  /** The root directory: its disk. */
  root: string;
  /** A network namespace that exists. */
  namespace: string;
  /** The cgroup for all its processes. */
  cgroup: string;
  /** The file that its console is written to. */
  console: string;
  /** Read-only mounts: path on the host → directory here. */
  binds: Readonly<Record<string, string>>;
}

/** A running host: systemd in a container. */
export interface Machine {
  /** Its systemd's process id, as seen from here. */
  readonly leader: number;
  /** Stops all its processes at once, unasked, as when the power goes. */
  kill(): Promise<void>;
}

// Cgroups first: see createCgroup. $1 is a list, separated by colons.
const enterThenExec =
  'IFS=:; for procs in $1; do echo $$ > "$procs" || exit 125; done; unset IFS; shift; exec "$@"';

/**
 * Boots systemd on `root`, and returns as soon as it is process 1 of its container.
 * @throws Error when that doesn't happen within 30 s; the message ends with the console's last lines.
 */
export async function bootMachine(options: MachineOptions): Promise<Machine> {
  const procs = createCgroup(options.cgroup);
  const console = openSync(options.console, 'a');
  const argv = ['-c', enterThenExec, 'sh', procs.join(':'), 'systemd-nspawn', ...nspawnArguments(options)];
  const child = spawn('sh', argv, { stdio: ['ignore', console, console], detached: true });
  closeSync(console);
  const leader = await waitFor(() => findLeader(child), {
    what: `${options.machine} to start`,
    intervalMs: 50,
  }).catch((error: Error) => {
    killCgroup(options.cgroup);
    throw new Error(`${error.message}\n${consoleEnd(options.console)}`);
  });
  return {
    leader,
    async kill() {
      killCgroup(options.cgroup);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** The last lines of a console file, for an error message. */
export function consoleEnd(path: string): string {
  return readFileSync(path, 'utf8').split('\n').slice(-30).join('\n');
}

function nspawnArguments(options: MachineOptions): string[] {
  const binds = Object.entries(options.binds).map(([there, here]) => `--bind-ro=${here}:${there}`);
  return [
    '--quiet',
    // This machine may have no systemd of its own to register with or to ask for a scope.
    '--register=no',
    '--keep-unit',
    `--machine=${options.machine}`,
    `--hostname=${options.hostname}`,
    `--network-namespace-path=/run/netns/${options.namespace}`,
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    '--console=read-only',
    ...binds,
    `--directory=${options.root}`,
    '--boot',
  ];
}

/** The child of nspawn that is process 1 in its own namespace. */
function findLeader(child: ChildProcess): number | undefined {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null)
    throw new Error(`systemd-nspawn ended: ${child.exitCode}`);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.find((candidate) => {
    const status = readFileSync(`/proc/${candidate}/status`, 'utf8');
    return /^Name:\tsystemd$/m.test(status) && /^NSpid:\t\d+\t1$/m.test(status);
  });
}
