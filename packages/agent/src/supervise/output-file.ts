import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  watch,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Redactor } from '@shoal/common';
import { LineSplitter } from '../converge/line-splitter.js';

/** After so many read bytes their disk space is given back. */
const releaseBytes = 4 * 1024 * 1024;
const blockBytes = 4096;
/** Lines that come in quick succession are read together. */
const gatherMs = 50;
const keptLines = 40;
const pollMs = 1000;

/**
 * Where a child process writes, and this agent reads. A file and no pipe: when the agent dies, a pipe's writer would be
 * killed by its next line, while a file waits for the next agent. How far it was read is noted beside it, so that the
 * next one goes on there. What was read is punched out of the file, so it never holds more disk than a few megabytes.
 */
export class OutputFile {
  readonly #fd: number;
  readonly #positionFd: number;
  readonly #stopWatching: () => void;
  readonly #splitter: LineSplitter;
  readonly #buffer = Buffer.alloc(64 * 1024);
  readonly #recent: string[] = [];
  /** Where the next read begins. */
  #position: number;
  /** Everything before it was given back. */
  #released = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `redactor`: as `LineSplitter` has it. */
  constructor(path: string, onLine: (line: string) => void, redactor?: () => Redactor) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
    this.#positionFd = openSync(`${path}.position`, constants.O_RDWR | constants.O_CREAT, 0o600);
    const noted = Number(readFileSync(this.#positionFd, 'utf8'));
    this.#position = Number.isInteger(noted) && noted <= fstatSync(this.#fd).size ? noted : 0;
    this.#splitter = new LineSplitter((line) => {
      if (this.#recent.push(line) > keptLines) this.#recent.shift();
      onLine(line);
    }, redactor);
    this.#stopWatching = watchFile(path, () => this.#schedule());
    this.#schedule();
  }

  /** For the child's stdout and stderr; opened for appending. */
  get descriptor(): number {
    return this.#fd;
  }

  /** The last lines, oldest first. */
  recent(): readonly string[] {
    this.drain();
    return [...this.#recent];
  }

  /** Reads all that is there now. */
  drain(): void {
    if (this.#closed) return;
    let read = 0;
    do {
      read = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, this.#position);
      this.#position += read;
      this.#splitter.push(this.#buffer.subarray(0, read));
    } while (read > 0);
    writeSync(this.#positionFd, `${this.#position - this.#splitter.pendingBytes}`.padEnd(20), 0);
    this.#release();
  }

  /** No process writes any more: what is left is delivered, then the file starts from nothing. */
  reset(): void {
    this.drain();
    this.#splitter.end();
    this.#recent.length = 0;
    this.#position = 0;
    this.#released = 0;
    ftruncateSync(this.#fd);
    writeSync(this.#positionFd, '0'.padEnd(20), 0);
  }

  close(): void {
    if (this.#closed) return;
    this.drain();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stopWatching();
    closeSync(this.#fd);
    closeSync(this.#positionFd);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.drain();
    }, gatherMs);
  }

  /** Punching a hole races with no writer, unlike truncating. Without the tool, or on a file system without holes, the file stays. */
  #release(): void {
    if (this.#position - this.#released < releaseBytes) return;
    const end = this.#position - (this.#position % blockBytes);
    const range = ['--offset', String(this.#released), '--length', String(end - this.#released)];
    this.#released = end;
    // The tool inherits the file itself: a path, or our number for it, may stand for another file by the time that it looks.
    const tool = spawn('fallocate', ['--punch-hole', ...range, '/proc/self/fd/3'], {
      stdio: ['ignore', 'ignore', 'ignore', this.#fd],
    });
    tool.on('error', () => {});
    tool.unref();
  }
}

/** Calls when the file changes; looks every second where the kernel has no watches left. Gives what ends it. */
function watchFile(path: string, changed: () => void): () => void {
  const poll = () => {
    const timer = setInterval(changed, pollMs).unref();
    return () => clearInterval(timer);
  };
  try {
    const watcher = watch(path, { persistent: false }, changed);
    let end = () => watcher.close();
    watcher.on('error', () => {
      watcher.close();
      end = poll();
    });
    return () => end();
  } catch {
    return poll();
  }
}
