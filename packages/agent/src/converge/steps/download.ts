import { copyFile, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '@shoal/common';
import type { RenderedDownload } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { checksumOf } from './checksum.js';
import { statOf } from './disk.js';
import { fetchFile } from './fetch-file.js';
import type { StepContext, StepHandler } from './handler.js';
import { holds } from './handler.js';
import { shownUrl } from './http-get.js';
import { lookUp, lookUpEarly, octal, ownershipDifference } from './ownership.js';
import type { Replacement } from './replace.js';
import { forgetReplacement, needDirectory, prepareReplacement, undoReplacement } from './replace.js';

/** What undoing a download step needs. */
export interface DownloadUndo {
  readonly file: Replacement;
  /** Where the bytes are gathered. */
  readonly partial: string;
}

/** A file from the network holds the content with this checksum. */
export const downloadHandler: StepHandler<RenderedDownload, DownloadUndo> = {
  async check(step, context) {
    const { path, mode } = step;
    const stat = await statOf(path);
    if (stat === undefined) {
      return {
        holds: false,
        difference: `new file ${path}, mode ${octal(mode)}, from ${shownUrl(step.url)}`,
      };
    }
    if (stat.isSymbolicLink()) {
      return { holds: false, difference: `${path} is a symbolic link; a file takes its place` };
    }
    if (!stat.isFile()) throw new StepError(`${path} exists and isn't a file`);
    const found = await checksumOf(path, context.signal);
    const content =
      found === step.sha256 ? '' : `content differs (SHA-256 ${short(found)} -> ${short(step.sha256)})`;
    const permissions = ownershipDifference(stat, mode, await lookUpEarly(step, context));
    if (content === '' && permissions === '') return holds;
    return { holds: false, difference: `${path}: ${[permissions, content].filter(Boolean).join(', ')}` };
  },

  async prepareUndo({ path }, context) {
    return { file: await prepareReplacement(path, context.directory), partial: partialOf(path) };
  },

  async apply(step, context) {
    const { path } = step;
    await needDirectory(path);
    const owner = await lookUp(step, context.ask);
    const partial = partialOf(path);
    const size = await gather(step, partial, context);
    const file = await open(partial, 'r+');
    try {
      if (owner.uid !== -1 || owner.gid !== -1) await file.chown(owner.uid, owner.gid);
      await file.chmod(step.mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    await syncDirectory(dirname(path));
    return `${path} written, ${size} bytes`;
  },

  async undo({ file, partial }) {
    await rm(partial, { force: true });
    return undoReplacement(file);
  },

  async forget({ file, partial }) {
    await rm(partial, { force: true });
    await forgetReplacement(file);
  },
};

/** Beside its place, under a name that an agent after a crash finds again. */
function partialOf(path: string): string {
  return join(dirname(path), `.shoal-partial.${basename(path)}`);
}

/** Brings the content to `partial` and resolves with its size. A file that has it already, with other permissions, is copied. */
async function gather(step: RenderedDownload, partial: string, context: StepContext): Promise<number> {
  const { path, url, maxBytes, sha256 } = step;
  const present = await statOf(path);
  if (present?.isFile() && (await checksumOf(path, context.signal)) === sha256) {
    await rm(partial, { force: true });
    await copyFile(path, partial);
    return present.size;
  }
  const { clock, signal, output } = context;
  const options = { url, partial, maxBytes, clock, signal, output };
  let found = await fetchFile(options);
  if (found.sha256 !== sha256 && !found.whole) {
    output('its pieces are of different files: from the beginning');
    await rm(partial, { force: true });
    found = await fetchFile(options);
  }
  if (found.sha256 === sha256) return found.size;
  await rm(partial, { force: true });
  throw new StepError(`${shownUrl(url)} has the SHA-256 ${found.sha256}, not ${sha256}: it isn't taken`);
}

function short(sha256: string): string {
  return `${sha256.slice(0, 12)}…`;
}
