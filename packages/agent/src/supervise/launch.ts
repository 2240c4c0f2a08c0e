import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { commandEnvironment } from '../converge/command.js';
import { StepError } from '../converge/step-error.js';
import type { ProcessIdentity } from './proc-stat.js';
import { parseStat } from './proc-stat.js';
import type { ProcessSpec } from './supervisor.js';

/**
 * The shell notes its own identity (boot, and its line of /proc/PID/stat) and becomes the program. So the note is there before the
 * program is, and an agent that is killed between the two still finds the process. A note that can't be written stops nothing.
 */
const noteAndBecome =
  'note=$1; shift; IFS= read -r boot </proc/sys/kernel/random/boot_id; IFS= read -r stat </proc/$$/stat; ' +
  '(umask 077; printf "%s %s\\n" "$boot" "$stat" >"$note"); exec "$@"';

/** Makes the working directory, and says clearly what is missing before a shell would. */
export async function prepareLaunch(spec: ProcessSpec): Promise<void> {
  const program = spec.command?.[0];
  if (program === undefined) {
    throw new StepError(`service ${spec.service} has no command for the process supervisor`);
  }
  await mkdir(spec.directory, { recursive: true, mode: 0o700 });
  if (!isInstalled(program)) throw new StepError(`${program} isn't installed`);
}

function isInstalled(program: string): boolean {
  if (program.includes('/')) return existsSync(program);
  const path = commandEnvironment()['PATH'] ?? '';
  return path.split(delimiter).some((directory) => existsSync(join(directory, program)));
}

/** Starts the program of a service in a session of its own; both outputs go to the given file descriptor. */
export function launch(spec: ProcessSpec, note: string, output: number): ChildProcess {
  return spawn('/bin/sh', ['-c', noteAndBecome, 'shoal', note, ...(spec.command ?? [])], {
    cwd: spec.directory,
    env: commandEnvironment(spec.environment),
    stdio: ['ignore', output, output],
    detached: true,
  });
}

/** Where a service's process notes its identity. */
export function noteOf(directory: string, service: string): string {
  return join(directory, `${service}.pid`);
}

/** The process that the note names; undefined when there is no note. */
export function readNote(path: string): ProcessIdentity | undefined {
  try {
    const [bootId = '', ...rest] = readFileSync(path, 'utf8').trim().split(' ');
    const stat = parseStat(rest.join(' '));
    const pid = Number(rest[0]);
    if (stat === undefined || !Number.isInteger(pid)) return undefined;
    return { pid, startTicks: stat.startTicks, bootId };
  } catch {
    return undefined;
  }
}
