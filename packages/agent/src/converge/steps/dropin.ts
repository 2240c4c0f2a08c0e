import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '@shoal/common';
import { showUnit } from '../../supervise/systemctl.js';
import type { RunCommand } from '../command.js';
import type { RenderedDropin, RenderedFile } from '../render/rendered.js';
import { removeIfEmpty, statOf } from './disk.js';
import { contentDifference } from './file-difference.js';
import type { StepHandler } from './handler.js';
import { holds, mustRun } from './handler.js';
import { ownershipDifference, setOwnership } from './ownership.js';
import type { Replacement } from './replace.js';
import { forgetReplacement, prepareReplacement, stagedPath, undoReplacement } from './replace.js';
import { writeStaged } from './write-staged.js';

/** What undoing a drop-in step needs. */
export interface DropinUndo {
  readonly file: Replacement;
  /** The unit's directory of drop-ins wasn't there. */
  readonly madeDirectory: boolean;
}

/** A drop-in of a systemd unit holds this text, and systemd has read it. */
export const dropinHandler: StepHandler<RenderedDropin, DropinUndo> = {
  async check(step, context) {
    const file = fileOf(step);
    const stat = await statOf(step.path);
    const content = await contentDifference(file, stat);
    if (content !== '') return { holds: false, difference: content };
    const permissions = stat === undefined ? '' : ownershipDifference(stat, file.mode, { uid: -1, gid: -1 });
    if (permissions !== '') return { holds: false, difference: `${step.path}: ${permissions}` };
    const { found, needsDaemonReload } = await showUnit(context.ask, step.unit);
    if (!found || !needsDaemonReload) return holds;
    return { holds: false, difference: `systemd has to read ${step.path}` };
  },

  async prepareUndo({ path }, context) {
    const madeDirectory = (await statOf(dirname(path))) === undefined;
    return { file: await prepareReplacement(path, context.directory), madeDirectory };
  },

  async apply({ path, content, unit }, context) {
    const directory = dirname(path);
    if ((await statOf(directory)) === undefined) {
      await mkdir(directory);
      await setOwnership(directory, 0o755, { uid: -1, gid: -1 });
    }
    const staged = stagedPath(path);
    await writeStaged(staged, content, { mode: 0o644, owner: { uid: -1, gid: -1 } });
    await rename(staged, path);
    await syncDirectory(directory);
    await readUnits(context.run);
    return `${path} written, ${unit} read anew`;
  },

  async undo({ file, madeDirectory }, context) {
    const text =
      (await statOf(dirname(file.path))) === undefined ? 'nothing was written' : await undoReplacement(file);
    if (madeDirectory) await removeIfEmpty(dirname(file.path));
    await readUnits(context.run);
    return text;
  },

  forget: ({ file }) => forgetReplacement(file),
};

function fileOf({ id, path, content }: RenderedDropin): RenderedFile {
  return { type: 'file', id, path, content, mode: 0o644, notify: null };
}

async function readUnits(run: RunCommand): Promise<void> {
  await mustRun(run, ['systemctl', 'daemon-reload'], { timeoutMs: 60_000 });
}
