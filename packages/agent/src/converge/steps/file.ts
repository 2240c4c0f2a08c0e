import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '@shoal/common';
import type { RenderedFile } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { statOf } from './disk.js';
import { contentDifference } from './file-difference.js';
import type { StepHandler } from './handler.js';
import { holds } from './handler.js';
import { lookUp, lookUpEarly, ownershipDifference } from './ownership.js';
import type { Replacement } from './replace.js';
import { forgetReplacement, needDirectory, prepareReplacement, undoReplacement } from './replace.js';
import { stage, unstage, validateFile } from './staging.js';

/** A file holds this text. */
export const fileHandler: StepHandler<RenderedFile, Replacement> = {
  async check(step, context) {
    const stat = await statOf(step.path);
    const content = await contentDifference(step, stat);
    if (stat === undefined || stat.isSymbolicLink()) return { holds: false, difference: content };
    const ownership = ownershipDifference(stat, step.mode, await lookUpEarly(step, context));
    if (content === '' && ownership === '') return holds;
    const permissions = ownership === '' ? '' : `${step.path}: ${ownership}`;
    return { holds: false, difference: [permissions, content].filter(Boolean).join('\n') };
  },

  prepareUndo: (step, context) => prepareReplacement(step.path, context.directory),

  async apply(step, context) {
    await needDirectory(step.path);
    const staged = await stage(step, 'staged', context.directory, () => lookUp(step, context.ask));
    try {
      const validated =
        context.isJudged === true ||
        (await validateFile(context.service, step, { [step.id]: staged }, context));
      if (!validated) throw new StepError(`the program that validates ${step.path} isn't installed`);
      await rename(staged, step.path);
    } finally {
      await unstage([staged]);
    }
    await syncDirectory(dirname(step.path));
    return `${step.path} written`;
  },

  undo: undoReplacement,
  forget: forgetReplacement,
};
