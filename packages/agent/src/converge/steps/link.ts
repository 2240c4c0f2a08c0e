import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '@shoal/common';
import type { RenderedLink } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { statOf } from './disk.js';
import type { StepHandler } from './handler.js';
import { holds } from './handler.js';
import type { Replacement } from './replace.js';
import {
  forgetReplacement,
  needDirectory,
  prepareReplacement,
  stagedPath,
  undoReplacement,
} from './replace.js';

/** A symbolic link leads to its target; whether that exists is not its matter. */
export const linkHandler: StepHandler<RenderedLink, Replacement> = {
  async check({ path, target }) {
    const stat = await statOf(path);
    if (stat === undefined) return { holds: false, difference: `new link ${path} -> ${target}` };
    if (stat.isSymbolicLink()) {
      const found = await readlink(path);
      return found === target ? holds : { holds: false, difference: `link ${path}: ${found} -> ${target}` };
    }
    if (!stat.isFile()) throw new StepError(`${path} exists and is neither a link nor a file`);
    return { holds: false, difference: `${path} is a file; a link to ${target} takes its place` };
  },

  prepareUndo: (step, context) => prepareReplacement(step.path, context.directory),

  async apply({ path, target }) {
    await needDirectory(path);
    const staged = stagedPath(path);
    await rm(staged, { force: true });
    await symlink(target, staged);
    await rename(staged, path);
    await syncDirectory(dirname(path));
    return `${path} leads to ${target}`;
  },

  undo: undoReplacement,
  forget: forgetReplacement,
};
