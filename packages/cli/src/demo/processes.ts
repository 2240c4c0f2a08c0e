import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ShoalError } from '@shoal/common';

/** How a process ended: one of the two isn't null. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process ended, as the end of a sentence about it: `was killed by SIGKILL`, `ended (code 1)`. */
export function endWords({ code, signal }: End): string {
  return signal === null ? `ended (code ${code})` : `was killed by ${signal}`;
}

/** One process of the demo. */
export interface DemoProcess {
  readonly name: string;
  /** Arguments of the command. */
  readonly args: readonly string[];
  /** Resolves with how it ended and the last lines of its log when it does. */
  readonly ended: Promise<End & { readonly tail: readonly string[] }>;
  /** The first log record (pino JSON) that has this field, or this text in it, as it comes or came. */
  waitForField(field: string, value?: string): Promise<string>;
  /** Graceful; resolves when it has ended. */
  stop(): Promise<void>;
}

/** This same command. An installed one names itself, because it starts Node with settings of its own (deploy/debian/shoal/shoal.sh). */
function commandLine(): [string, ...string[]] {
  const installed = process.env['SHOAL_COMMAND'];
  if (installed !== undefined) return [installed];
  return [process.execPath, process.argv[1] ?? fileURLToPath(new URL('../../bin/shoal.js', import.meta.url))];
}

const keptLines = 20;

function fieldOf(line: string, field: string): string | undefined {
  if (!line.includes(field)) return undefined;
  try {
    const value = (JSON.parse(line) as Record<string, unknown>)[field];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function onceEnded(child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/**
 * Starts `shoal ARGS` as a process of its own whose log goes to `logFile`. It ends when this process does, however that ends: it
 * watches the pipe to its standard input.
 */
export function startProcess(name: string, args: readonly string[], logFile: string): DemoProcess {
  const [program, ...before] = commandLine();
  const child = spawn(program, [...before, ...args], {
    // A group of its own: Ctrl-C reaches the demo alone, which then stops its processes in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, SHOAL_END_WITH_PARENT: '1' },
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  const seen: string[] = [];
  const waiting: { field: string; value: string | undefined; found: (value: string) => void }[] = [];
  const take = (line: string): void => {
    log.write(`${line}\n`);
    seen.push(line);
    if (seen.length > 1000) seen.shift();
    for (const wait of waiting) {
      const value = fieldOf(line, wait.field);
      if (value !== undefined && value === (wait.value ?? value)) wait.found(value);
    }
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', take);
  const ended = onceEnded(child).then((end) => {
    log.end();
    return { ...end, tail: seen.slice(-keptLines) };
  });
  return {
    name,
    args,
    ended,
    waitForField: (field, value) => {
      for (const line of seen) {
        const there = fieldOf(line, field);
        if (there !== undefined && there === (value ?? there)) return Promise.resolve(there);
      }
      return new Promise((found) => waiting.push({ field, value, found }));
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Rejects when a process ends before `work` is done: a demo whose part failed says so at once, with that part's last words. */
export async function unlessEnded<T>(processes: readonly DemoProcess[], work: Promise<T>): Promise<T> {
  const failure = processes.map(async (p) => {
    const end = await p.ended;
    throw new ShoalError('failed_precondition', `${p.name} ${endWords(end)}:\n${end.tail.join('\n')}`);
  });
  return await Promise.race([work, ...failure]);
}
