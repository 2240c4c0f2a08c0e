import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Redactor } from '@shoal/common';
import { LineSplitter } from './line-splitter.js';

/** How to run a command. */
export interface CommandOptions {
  /** After that long the command and all it started get SIGTERM, five seconds later SIGKILL. */
  readonly timeoutMs: number;
  /** Working directory; default `/`. */
  readonly directory?: string;
  /** Added to the agent's own environment, from which Shoal's settings are left out: they may hold a token. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Each line of the command's output and error output, as it comes. */
  readonly onLine?: (line: string) => void;
  /** The process is there; its id is also the id of its process group. */
  readonly onSpawn?: (pid: number) => void;
  /** Ends the command like the timeout does. */
  readonly signal?: AbortSignal;
  /** Knows the secrets, so that no line is taken apart in the midst of one. Default: none is known. */
  readonly redactor?: () => Redactor;
}

/** How a command ended. */
export interface CommandResult {
  /** Exit code; null when it was ended by a signal or never ran. */
  readonly code: number | null;
  readonly signal: string | null;
  /** There is no such program. */
  readonly missing: boolean;
  readonly timedOut: boolean;
  /** The last lines that it wrote, oldest first. */
  readonly lines: readonly string[];
}

/** Runs one command without a shell. Rejects only on Shoal's own defects: failing is told in the result. */
export type RunCommand = (command: readonly string[], options: CommandOptions) => Promise<CommandResult>;

const keptLines = 200;
const killDelayMs = 5000;
/** How long output may still come from processes that the command left behind. */
const lingerMs = 300;

/** The real thing: a child process in a process group of its own, so that ending it ends what it started. */
export const runCommand: RunCommand = (command, options) =>
  new Promise((resolve) => {
    const lines: string[] = [];
    const onLine = (line: string) => {
      if (lines.push(line) > keptLines) lines.shift();
      options.onLine?.(line);
    };
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: options.directory ?? '/',
      env: commandEnvironment(options.environment),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const splitters = [child.stdout, child.stderr].map((stream) => {
      const splitter = new LineSplitter(onLine, options.redactor);
      stream.on('data', (chunk: Buffer) => splitter.push(chunk));
      return splitter;
    });
    const ending = limit(child, options);
    const finish = (result: Pick<CommandResult, 'code' | 'signal' | 'missing'>) => {
      ending.cancel();
      for (const splitter of splitters) splitter.end();
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ ...result, timedOut: ending.timedOut(), lines });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      onLine(error.code === 'ENOENT' ? `${program}: not found` : `${program}: ${error.message}`);
      finish({ code: null, signal: null, missing: error.code === 'ENOENT' });
    });
    child.on('exit', (code, signal) => {
      const end = () => finish({ code, signal, missing: false });
      const linger = setTimeout(end, lingerMs);
      child.on('close', () => {
        clearTimeout(linger);
        end();
      });
    });
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
  });

const real = new WeakSet<RunCommand>([runCommand]);

/** Whether it runs commands on this very host, so that what they would tell may be found out by shorter ways. */
export function isReal(run: RunCommand): boolean {
  return real.has(run);
}

/** `wrapper`, which hands commands on to `run`, is as real as that. */
export function wrapping(run: RunCommand, wrapper: RunCommand): RunCommand {
  if (real.has(run)) real.add(wrapper);
  return wrapper;
}

/** The agent's environment without Shoal's settings, with the administrator's directories on PATH. */
export function commandEnvironment(added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('SHOAL_'));
  const path = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  return { ...Object.fromEntries(kept), PATH: `${path}:/usr/local/sbin:/usr/sbin:/sbin`, ...added };
}

/** One sentence on why a command counts as failed; undefined when it exited with 0. */
export function failureOf(program: string, result: CommandResult, timeoutMs: number): string | undefined {
  if (result.missing) return `${program} isn't installed`;
  if (result.timedOut) return `${program} took longer than ${timeoutMs / 1000} s and was ended`;
  if (result.signal !== null) return `${program} was ended by ${result.signal}`;
  if (result.code === null) return `${program} couldn't be started`;
  return result.code === 0 ? undefined : `${program} exited with ${result.code}`;
}

interface Ending {
  cancel(): void;
  timedOut(): boolean;
}

function limit(child: ChildProcess, options: CommandOptions): Ending {
  let timedOut = false;
  let killTimer: NodeJS.Timeout | undefined;
  const end = () => {
    killGroup(child.pid, 'SIGTERM');
    killTimer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), killDelayMs);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, options.timeoutMs);
  if (options.signal?.aborted) end();
  options.signal?.addEventListener('abort', end);
  return {
    cancel: () => {
      clearTimeout(timer);
      if (killTimer !== undefined) {
        // The command itself is gone; what it started and ignores SIGTERM must not go on beside the next attempt.
        clearTimeout(killTimer);
        killGroup(child.pid, 'SIGKILL');
      }
      options.signal?.removeEventListener('abort', end);
    },
    timedOut: () => timedOut,
  };
}

/** Sends a signal to a whole process group; a group that is gone is no error. */
export function killGroup(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}
