import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { StepError } from '../step-error.js';
import type { StepContext } from './handler.js';

/** The files by whose locks apt and dpkg keep off each other. */
const lockFiles = [
  '/var/lib/dpkg/lock-frontend',
  '/var/lib/dpkg/lock',
  '/var/lib/apt/lists/lock',
  '/var/cache/apt/archives/lock',
];
const mostWaitMs = 60_000;
const askEveryMs = 1000;

/** Waits until nobody else uses apt, and says whom it waits for. Rejects with a StepError after a minute. */
export async function waitForApt({
  clock,
  signal,
  output,
}: Pick<StepContext, 'clock' | 'signal' | 'output'>): Promise<void> {
  const deadline = clock.elapsed() + mostWaitMs;
  let told: string | undefined;
  for (;;) {
    const holder = await lockHolder();
    if (holder === undefined) return;
    if (clock.elapsed() >= deadline || signal.aborted) {
      throw new StepError(`apt is in use by ${holder}; waited ${mostWaitMs / 1000} s for it in vain`);
    }
    if (holder !== told) output(`apt is in use by ${holder}: waiting up to ${mostWaitMs / 1000} s`);
    told = holder;
    await clock.sleep(askEveryMs, signal);
  }
}

/** Who holds one of the locks, for people; undefined: nobody. The kernel lists locks by inode (proc_locks(5)). */
async function lockHolder(): Promise<string | undefined> {
  let locks: string;
  try {
    locks = await readFile('/proc/locks', 'utf8');
  } catch {
    return undefined;
  }
  for (const path of lockFiles) {
    const inode = (await stat(path).catch(() => undefined))?.ino;
    for (const [, pid = '', locked] of locks.matchAll(/ WRITE +(-?\d+) \w+:\w+:(\d+) /g)) {
      if (Number(locked) === inode && (await holds(pid, path))) return nameOf(pid);
    }
  }
  return undefined;
}

/** Inodes of several file systems may have the same number: the process has to have just this file open. One that can't be looked at is believed. */
async function holds(pid: string, path: string): Promise<boolean> {
  try {
    const directory = `/proc/${pid}/fd`;
    const open = await Promise.all(
      (await readdir(directory)).map((fd) => readlink(`${directory}/${fd}`).catch(() => '')),
    );
    return open.includes(path);
  } catch {
    return true;
  }
}

async function nameOf(pid: string): Promise<string> {
  try {
    return `${(await readFile(`/proc/${pid}/comm`, 'utf8')).trim()} (process ${pid})`;
  } catch {
    return 'another process';
  }
}
