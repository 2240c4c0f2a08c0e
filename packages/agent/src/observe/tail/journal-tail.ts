import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Position } from '../spool/entry.js';
import type { LineSink, SourceLine } from './line-sink.js';
import { LineSplitter } from './line-splitter.js';

/** What a journal tail needs to know. */
export interface JournalTailOptions {
  /** systemd unit whose messages are read. */
  readonly unit: string;
  /** Key of this tail's position. */
  readonly key: string;
  readonly sink: LineSink;
  readonly logger: Logger;
  /** Program that prints the journal. Default `journalctl`. */
  readonly command?: string;
  /** Wait before a reader that ended is started again, milliseconds. Default 2000. */
  readonly restartMs?: number;
}

/** Longest journal entry that is read, bytes; journalctl's JSON may escape each of a line's bytes. */
const maxEntryBytes = 1024 * 1024;

/** Follows one unit's messages in the systemd journal, from the cursor of the last line that was taken. */
export class JournalTail {
  readonly #options: Required<JournalTailOptions>;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: JournalTailOptions) {
    this.#options = { command: 'journalctl', restartMs: 2000, ...options };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let told = false;
    while (!signal.aborted) {
      const reason = await this.#follow().catch((error: unknown) => String(error));
      if (signal.aborted) return;
      if (!told)
        this.#options.logger.warn(
          { unit: this.#options.unit, reason },
          'reading the journal ended; trying again',
        );
      told = true;
      await pause(this.#options.restartMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Reads until journalctl ends; says why it did. */
  async #follow(): Promise<string> {
    const { command, unit, key, sink } = this.#options;
    const args = journalArguments(unit, sink.positions(key).get(key), sink.since);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = () => child.kill('SIGTERM');
    this.#abort.signal.addEventListener('abort', stop);
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => resolve(`journalctl ended with ${code ?? signal}`));
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString()}`.slice(-500);
    });
    const splitter = new LineSplitter(0, maxEntryBytes);
    try {
      for await (const chunk of child.stdout) {
        const lines = splitter.push(chunk as Buffer).flatMap(({ text }) => journalLine(text, key) ?? []);
        if (lines.length > 0) await sink.append(lines, this.#abort.signal);
      }
    } finally {
      child.kill('SIGTERM');
      this.#abort.signal.removeEventListener('abort', stop);
    }
    return `${await ended} ${complaint}`.trim();
  }
}

/** Arguments for journalctl: from the known cursor on, else everything since `since` (milliseconds since the epoch). */
export function journalArguments(unit: string, position: Position | undefined, since: number): string[] {
  const cursor = position?.['c'];
  const from =
    typeof cursor === 'string' ? `--after-cursor=${cursor}` : `--since=@${Math.floor(since / 1000)}`;
  const fields = '--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_PID';
  return ['--follow', '--no-tail', '--all', '--quiet', '--output=json', fields, `--unit=${unit}`, from];
}

const levels = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'];

/** One entry of `journalctl --output=json` as a line; undefined when it has no message or isn't JSON. */
export function journalLine(entry: string, key: string): SourceLine | undefined {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(entry) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const text = messageText(fields['MESSAGE']);
  const cursor = fields['__CURSOR'];
  if (text === undefined || typeof cursor !== 'string') return undefined;
  const level = levels[Number(fields['PRIORITY'])];
  return {
    text,
    at: Math.floor(Number(fields['__REALTIME_TIMESTAMP']) / 1000),
    fields: {
      ...(level === undefined ? {} : { level }),
      ...(typeof fields['SYSLOG_IDENTIFIER'] === 'string' ? { program: fields['SYSLOG_IDENTIFIER'] } : {}),
      ...(typeof fields['_PID'] === 'string' ? { pid: fields['_PID'] } : {}),
    },
    key,
    position: { c: cursor },
  };
}

/** journalctl prints text that isn't UTF-8 as an array of bytes. */
function messageText(message: unknown): string | undefined {
  if (typeof message === 'string') return message;
  if (!Array.isArray(message)) return undefined;
  return Buffer.from(message.filter((byte) => typeof byte === 'number')).toString('utf8');
}
