import { spawn, spawnSync } from 'node:child_process';
import type { Readable } from 'node:stream';

/** How to run a command. */
export interface CommandOptions {
  /** After this many milliseconds the command and its children are killed and an error is thrown. Default 30,000. */
  timeoutMs?: number;
  /** Throw when the exit code isn't 0. Default true. */
  check?: boolean;
  /** What the command reads on standard input. Default: nothing. */
  input?: string | Buffer | Readable;
  /** The command's environment. Default: this process's own. */
  env?: NodeJS.ProcessEnv;
  /** Called with each piece of standard output and standard error as it arrives. */
  onOutput?: (chunk: string) => void;
}

/** What a command left behind. */
export interface CommandResult {
  /** Exit code; 128 + signal number isn't used: a killed command reports -1. */
  code: number;
  stdout: string;
  stderr: string;
}

const shownOutput = 4_000;

/**
 * Runs a command to its end and collects its output.
 * @throws Error when it can't be started, takes longer than `timeoutMs`, or (with `check`) fails; the message
 * holds the command line and the end of its output.
 */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { timeoutMs = 30_000, check = true, input } = options;
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    // Its own process group, so that a timeout also takes what the command has started.
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: options.env });
    const result: CommandResult = { code: -1, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      result.stdout += chunk;
      options.onOutput?.(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      result.stderr += chunk;
      options.onOutput?.(chunk);
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child.pid);
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      result.code = code ?? -1;
      if (late) reject(new Error(describe(argv, `still running after ${timeoutMs} ms`, result)));
      else if (check && result.code !== 0) reject(new Error(describe(argv, `exit ${result.code}`, result)));
      else resolve(result);
    });
    // A command that ends without reading its input is no fault of the lab's.
    child.stdin.on('error', () => {});
    if (input === undefined || typeof input === 'string' || Buffer.isBuffer(input)) child.stdin.end(input);
    else input.on('error', reject).pipe(child.stdin);
  });
}

/** Runs a command for its effect and waits in place: for cleaning up, where nothing may be awaited. Never throws. */
export function runSync(...argv: string[]): { code: number; stdout: string; stderr: string } {
  const [file = '', ...args] = argv;
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 30_000 });
  return { code: status ?? -1, stdout: stdout ?? '', stderr: stderr ?? '' };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

function describe(argv: readonly string[], what: string, { stdout, stderr }: CommandResult): string {
  const output = `${stdout}${stderr}`.trim().slice(-shownOutput);
  return `${argv.join(' ')}: ${what}${output === '' ? '' : `\n${output}`}`;
}
