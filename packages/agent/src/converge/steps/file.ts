import { link, lutimes, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '@shoal/common';
import { sha256 } from '../render/file-digest.js';
import type { RenderedFile } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { statOf } from './disk.js';
import { contentDifference } from './file-difference.js';
import type { StepHandler } from './handler.js';
import { holds } from './handler.js';
import { lookUp, ownershipDifference } from './ownership.js';
import { stage, unstage, validateFile } from './staging.js';

export interface FileUndo {
  readonly path: string;
  readonly staged: string;
  /** Where the old file is kept until the attempt ends; null: there was none. */
  readonly backup: string | null;
  /** Set when the backup is a copy: what the old file's permissions were. */
  readonly copied?: { readonly mode: number; readonly uid: number; readonly gid: number };
}

/** A file holds this text. */
export const fileHandler: StepHandler<RenderedFile, FileUndo> = {
  async check(step, context) {
    const stat = await statOf(step.path);
    const content = await contentDifference(step, stat);
    if (stat === undefined || stat.isSymbolicLink()) return { holds: false, difference: content };
    const ownership = ownershipDifference(stat, step.mode, await lookUp(step, context.ask));
    if (content === '' && ownership === '') return holds;
    const permissions = ownership === '' ? '' : `${step.path}: ${ownership}`;
    return { holds: false, difference: [permissions, content].filter(Boolean).join('\n') };
  },

  /** The backup is a second name for the old file: it needs no space, and putting it back is one rename. */
  async prepareUndo(step, context) {
    const { path } = step;
    const staged = join(dirname(path), `.shoal-staged.${basename(path)}`);
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
      const copy = join(context.directory, `backup-${sha256(path).slice(0, 16)}`);
      await writeFileAtomic(copy, await readFile(path), { mode: 0o600 });
      const { mode, uid, gid } = stat;
      return { path, staged, backup: copy, copied: { mode: mode & 0o7777, uid, gid } };
    }
  },

  async apply(step, context) {
    const directory = dirname(step.path);
    if ((await statOf(directory)) === undefined) {
      throw new StepError(`directory ${directory} doesn't exist: a directory step has to make it first`);
    }
    const staged = await stage(step, 'staged', context.directory, context.ask);
    try {
      const validated = await validateFile(context.service, step, { [step.id]: staged }, context);
      if (!validated) throw new StepError(`the program that validates ${step.path} isn't installed`);
      await rename(staged, step.path);
    } finally {
      await unstage([staged]);
    }
    await syncDirectory(directory);
    return `${step.path} written`;
  },

  async undo(undo) {
    await rm(undo.staged, { force: true });
    if (undo.backup === null) {
      await rm(undo.path, { force: true });
      return `${undo.path} removed`;
    }
    if ((await statOf(undo.backup)) === undefined) return `${undo.path} was put back before`;
    if (undo.copied === undefined) {
      await putBack(undo.backup, undo.path);
    } else {
      const { mode, ...owner } = undo.copied;
      await writeFileAtomic(undo.path, await readFile(undo.backup), { mode, owner });
    }
    return `${undo.path} put back`;
  },

  async forget(undo) {
    if (undo.backup !== null) await rm(undo.backup, { force: true });
    await rm(undo.staged, { force: true });
  },
};

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
