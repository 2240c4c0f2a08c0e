import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ShoalError } from '../errors/shoal-error.js';
import { diskError } from './write-file-atomic.js';

/** A data directory that is ours alone until it is released. */
export interface DirectoryLock {
  /** Gives the directory back. Safe to call twice. */
  release(): Promise<void>;
}

/** Who holds a lock: a process id and, because ids are reused, when that process started (clock ticks since boot; '' unknown). */
interface Holder {
  readonly pid: number;
  readonly started: string;
}

/** Longest time to wait for others that take the same directory, and how often to look; they need a millisecond. */
const maxWaitMs = 2000;
const retryMs = 5;

/**
 * Takes the directory (made when missing) for this process: its `lock` file names the holder. While that process lives, a
 * second caller gets `failed_precondition` with its pid; the lock of a dead process is taken over.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, 'lock');
  const own = join(directory, `.lock.${process.pid}.${randomBytes(6).toString('hex')}`);
  const holder: Holder = { pid: process.pid, started: await startOf(process.pid) };
  const text = `${JSON.stringify(holder)}\n`;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(own, text, { mode: 0o600 });
    await exclusively(directory, () => take(directory, path, own));
  } catch (thrown) {
    throw diskError(thrown, path);
  } finally {
    await rm(own, { force: true });
  }
  let held = true;
  return {
    release: async () => {
      if (!held) return;
      held = false;
      if ((await read(path)) === text) await rm(path, { force: true });
    },
  };
}

/** The process that holds a directory's lock; undefined: none does, or it is dead. */
export async function lockHolder(directory: string): Promise<number | undefined> {
  const path = join(directory, 'lock');
  const text = await read(path);
  const holder = text === undefined ? undefined : parseHolder(text);
  return holder !== undefined && (await isAlive(holder, path)) ? holder.pid : undefined;
}

/** Puts the complete file `own` at the lock's name, so that no reader ever sees half a lock. */
async function take(directory: string, path: string, own: string): Promise<void> {
  if (await tryLink(own, path)) return;
  const pid = await lockHolder(directory);
  if (pid !== undefined) throw inUse(directory, pid);
  await rename(own, path);
}

/**
 * Runs `work` while no other process does so for this directory: between finding a stale lock and replacing it another one could do the same.
 * The kernel frees an abstract socket (unix(7)) with its process, whatever happens to that. Anyone may bind its name, so waiting has an end.
 */
async function exclusively(directory: string, work: () => Promise<void>): Promise<void> {
  const { dev, ino } = await stat(directory);
  const name = `\0shoal-lock-${dev}-${ino}`;
  const deadline = performance.now() + maxWaitMs;
  let mutex = await bind(name);
  while (mutex === undefined && performance.now() < deadline) {
    await delay(retryMs);
    mutex = await bind(name);
  }
  try {
    await work();
  } finally {
    mutex?.close();
  }
}

function bind(name: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(name, () => resolve(server));
  });
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Holder>;
    return Number.isInteger(pid) ? { pid: Number(pid), started: String(started ?? '') } : undefined;
  } catch {
    // A lock that a power cut left empty or torn: its process is gone.
    return undefined;
  }
}

async function isAlive(holder: Holder, path: string): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ESRCH') return false;
    // A process of our user wrote the lock, and one of another user has its id now: since a power cut, say. Services don't see when that began.
    if (code === 'EPERM' && (await isOurs(path))) return false;
  }
  const started = await startOf(holder.pid);
  return holder.started === '' || started === '' || started === holder.started;
}

async function isOurs(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.uid === process.geteuid?.();
}

/** Field 22 of /proc/PID/stat (proc(5)): the process's start, in clock ticks since boot. The name in field 2 may hold anything. */
async function startOf(pid: number): Promise<string> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function inUse(directory: string, pid: number): ShoalError {
  return new ShoalError('failed_precondition', `data directory ${directory} is in use by process ${pid}`, {
    hint: 'stop that process first, or give this one a data directory of its own',
  });
}
