import { link, lutimes, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '@shoal/common';
import { sha256 } from '../render/file-digest.js';
import { StepError } from '../step-error.js';
import { statOf } from './disk.js';
import { writeStaged } from './write-staged.js';

/** How one file or link was replaced by another, for putting it back. */
export interface Replacement {
  readonly path: string;
  /** Where the new one is made before it takes its place. */
  readonly staged: string;
  /** Where the old one is kept until the attempt ends; null: there was none. */
  readonly backup: string | null;
  /** Set when the backup is a copy: what the old file's permissions were. */
  readonly copied?: { readonly mode: number; readonly uid: number; readonly gid: number };
}

/** Where what is to replace a path is made: beside it, so that the rename can't fail for want of space. */
export function stagedPath(path: string): string {
  return join(dirname(path), `.shoal-staged.${basename(path)}`);
}

/**
 * Keeps what is at `path`. The backup is a second name for it: it needs no space, and putting it back is one rename. `directory`
 * is used where there can't be one.
 */
export async function prepareReplacement(path: string, directory: string): Promise<Replacement> {
  const staged = stagedPath(path);
  const stat = await statOf(path);
  if (stat === undefined) return { path, staged, backup: null };
  const backup = join(dirname(path), `.shoal-backup.${basename(path)}`);
  try {
    // Left by an attempt that was interrupted before it noted it: the file itself is still the old one.
    await rm(backup, { force: true });
    await link(path, backup);
    return { path, staged, backup };
  } catch {
    // No hard links here (file system, or not our file): a copy does.
    const copy = join(directory, `backup-${sha256(path).slice(0, 16)}`);
    await rm(copy, { force: true });
    if (stat.isSymbolicLink()) await symlink(await readlink(path), copy);
    else await writeFileAtomic(copy, await readFile(path), { mode: 0o600 });
    const { mode, uid, gid } = stat;
    return { path, staged, backup: copy, copied: { mode: mode & 0o7777, uid, gid } };
  }
}

/** Puts back what was there. Safe to do again, and when nothing was replaced yet. */
export async function undoReplacement({ path, staged, backup, copied }: Replacement): Promise<string> {
  await rm(staged, { force: true });
  if (backup === null) {
    await rm(path, { force: true });
    return `${path} removed`;
  }
  const kept = await statOf(backup);
  if (kept === undefined) return `${path} was put back before`;
  if (copied === undefined) {
    await putBack(backup, path);
  } else if (kept.isSymbolicLink()) {
    await symlink(await readlink(backup), staged);
    await rename(staged, path);
  } else {
    const { mode, ...owner } = copied;
    await writeStaged(staged, await readFile(backup), { mode, owner });
    await rename(staged, path);
    await syncDirectory(dirname(path));
  }
  return `${path} put back`;
}

/** The new one stays: what only an undo would have needed is removed. */
export async function forgetReplacement({ staged, backup }: Replacement): Promise<void> {
  if (backup !== null) await rm(backup, { force: true });
  await rm(staged, { force: true });
}

/** Throws when the directory that a path is to be made in isn't there. */
export async function needDirectory(path: string): Promise<void> {
  const directory = dirname(path);
  if ((await statOf(directory)) !== undefined) return;
  throw new StepError(`directory ${directory} doesn't exist: a directory step has to make it first`);
}

async function putBack(backup: string, path: string): Promise<void> {
  const [old, present] = [await statOf(backup), await statOf(path)];
  if (old?.ino === present?.ino) {
    // Two names of one file, which was never replaced: rename(2) would do nothing and leave both.
    await rm(backup, { force: true });
    return;
  }
  // What goes by the time of the last change has to see one: systemd goes on with the replaced unit file otherwise.
  const now = new Date();
  await lutimes(backup, now, now);
  await rename(backup, path);
  await syncDirectory(dirname(path));
}
