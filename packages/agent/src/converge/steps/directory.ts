import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RenderedDirectory } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { removeIfEmpty, statOf } from './disk.js';
import type { StepHandler } from './handler.js';
import { holds } from './handler.js';
import { lookUp, lookUpEarly, octal, ownershipDifference, setOwnership } from './ownership.js';

export interface DirectoryUndo {
  readonly path: string;
  /** Directories that don't exist yet, outermost first. */
  readonly missing: readonly string[];
  /** What it was, when it exists already. */
  readonly before?: { readonly mode: number; readonly uid: number; readonly gid: number };
}

/** A directory exists with these permissions. */
export const directoryHandler: StepHandler<RenderedDirectory, DirectoryUndo> = {
  async check(step, context) {
    const stat = await statOf(step.path);
    if (stat === undefined) {
      return { holds: false, difference: `new directory ${step.path}, mode ${octal(step.mode)}` };
    }
    if (!stat.isDirectory()) throw new StepError(`${step.path} exists and isn't a directory`);
    const difference = ownershipDifference(stat, step.mode, await lookUpEarly(step, context));
    return difference === '' ? holds : { holds: false, difference: `${step.path}: ${difference}` };
  },

  async prepareUndo(step) {
    const stat = await statOf(step.path);
    if (stat !== undefined) {
      const before = { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
      return { path: step.path, missing: [], before };
    }
    const missing: string[] = [];
    for (let path = step.path; (await statOf(path)) === undefined; path = dirname(path))
      missing.unshift(path);
    return { path: step.path, missing };
  },

  async apply(step, context) {
    const wanted = await lookUp(step, context.ask);
    for (const path of await missingFrom(step.path)) {
      await mkdir(path);
      // Directories on the way are as any: the agent's own umask may be stricter.
      await setOwnership(path, 0o755, { uid: -1, gid: -1 });
    }
    await setOwnership(step.path, step.mode, wanted);
    return `${step.path} is there`;
  },

  async undo(undo) {
    if (undo.before !== undefined) {
      await setOwnership(undo.path, undo.before.mode, undo.before);
      return `permissions of ${undo.path} put back`;
    }
    for (const path of undo.missing.toReversed()) await removeIfEmpty(path);
    return `${undo.path} removed if it was empty`;
  },
};

/** The path and those above it that don't exist, outermost first. */
async function missingFrom(path: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let at = path; (await statOf(at)) === undefined; at = dirname(at)) missing.unshift(at);
  return missing;
}
