import { chmod, mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '@shoal/common';
import { failureOf } from '../command.js';
import type { RenderedArchive } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import type { ArchiveContents } from './archive-list.js';
import { listArchive } from './archive-list.js';
import { checksumOf } from './checksum.js';
import { statOf } from './disk.js';
import type { StepContext, StepHandler } from './handler.js';
import { holds } from './handler.js';
import { lookUp } from './ownership.js';
import { needDirectory } from './replace.js';
import { settleUnpacked } from './unpacked.js';

/** What undoing an archive step needs. */
export interface ArchiveUndo {
  readonly path: string;
  readonly staged: string;
  /** Where the old directory is kept until the attempt ends. */
  readonly backup: string;
  /** There was one before. */
  readonly existed: boolean;
}

/** What a directory that an archive step made says of itself. */
interface Marker {
  readonly source: string;
  readonly sha256: string;
  readonly strip: number;
}

/** Where a directory that was unpacked says from what. */
export function markerOf(directory: string): string {
  return join(directory, '.shoal-archive');
}

const unpackTimeoutMs = 30 * 60_000;

/** A directory holds what an archive holds. It is unpacked beside its place, judged there, and then takes it as a whole. */
export const archiveHandler: StepHandler<RenderedArchive, ArchiveUndo> = {
  async check(step, context) {
    const { source, path, creates } = step;
    const stat = await statOf(path);
    if (stat === undefined)
      return { holds: false, difference: `new directory ${path}, unpacked from ${source}` };
    if (!stat.isDirectory()) throw new StepError(`${path} exists and isn't a directory`);
    const marker = await readMarker(path);
    if (marker === undefined) {
      await needEmpty(path);
      return { holds: false, difference: `${source} is unpacked into ${path}` };
    }
    if (marker.strip !== step.strip || !(await isFrom(marker, step, context))) {
      return { holds: false, difference: `${path} is replaced by what ${source} holds` };
    }
    if (creates === undefined || (await statOf(join(path, creates))) !== undefined) return holds;
    return { holds: false, difference: `${join(path, creates)} is missing: ${source} is unpacked again` };
  },

  async prepareUndo({ path }) {
    const [staged, backup] = [beside(path, 'staged'), beside(path, 'backup')];
    if ((await statOf(path)) === undefined) {
      if ((await statOf(backup)) === undefined) return { path, staged, backup, existed: false };
      // An attempt that couldn't be undone left the only directory that there is.
      await rename(backup, path);
    }
    await rm(backup, { recursive: true, force: true });
    return { path, staged, backup, existed: true };
  },

  async apply(step, context) {
    const { path } = step;
    await needDirectory(path);
    const sha256 = await sourceChecksum(step, context);
    const contents = await listArchive(step, context.ask);
    await needSpace(step, contents);
    const staged = beside(path, 'staged');
    try {
      await unpack(step, staged, context);
      await settleUnpacked(staged, step, await lookUp(step, context.ask));
      await needCreated(step, staged);
      const marker: Marker = { source: step.source, sha256, strip: step.strip };
      await writeFile(markerOf(staged), JSON.stringify(marker), { mode: 0o644, flag: 'wx' });
      await chmod(staged, 0o755);
      // The marker must not outlast a power cut that the files don't.
      await context.run(['sync', '--file-system', staged], { timeoutMs: unpackTimeoutMs });
      await takePlace(staged, path);
    } finally {
      await rm(staged, { recursive: true, force: true });
    }
    return `${contents.entries} entries unpacked into ${path}`;
  },

  async undo({ path, staged, backup, existed }) {
    await rm(staged, { recursive: true, force: true });
    if (existed && (await statOf(backup)) === undefined) return `${path} is as it was`;
    // Aside first: what is removed bit by bit must not stand there half.
    if ((await statOf(path)) !== undefined) await rename(path, staged);
    if (existed) await rename(backup, path);
    await rm(staged, { recursive: true, force: true });
    await rm(backup, { recursive: true, force: true });
    return existed ? `${path} put back` : `${path} removed`;
  },

  async forget({ staged, backup }) {
    await rm(staged, { recursive: true, force: true });
    await rm(backup, { recursive: true, force: true });
  },
};

function beside(path: string, purpose: 'staged' | 'backup'): string {
  return join(dirname(path), `.shoal-${purpose}.${basename(path)}`);
}

async function readMarker(path: string): Promise<Marker | undefined> {
  const file = markerOf(path);
  if (!(await statOf(file))?.isFile()) return undefined;
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Marker;
  } catch {
    return { source: '', sha256: '', strip: -1 };
  }
}

/** Whether a directory was unpacked from the archive as it is now; one that is gone from the host since then is taken for the same. */
async function isFrom(marker: Marker, step: RenderedArchive, { signal }: StepContext): Promise<boolean> {
  if (step.sha256 !== null) return marker.sha256 === step.sha256;
  if ((await statOf(step.source)) === undefined) return marker.source === step.source;
  return marker.sha256 === (await checksumOf(step.source, signal));
}

async function needEmpty(path: string): Promise<void> {
  if ((await readdir(path)).length === 0) return;
  throw new StepError(
    `${path} isn't empty and wasn't made by an archive step: such a step needs a directory of its own`,
  );
}

async function sourceChecksum({ source, sha256 }: RenderedArchive, { signal }: StepContext): Promise<string> {
  if (!(await statOf(source))?.isFile()) throw new StepError(`there is no archive ${source}`);
  const found = await checksumOf(source, signal);
  if (sha256 !== null && found !== sha256)
    throw new StepError(`${source} has the SHA-256 ${found}, not ${sha256}`);
  return found;
}

async function needSpace({ path, source }: RenderedArchive, { bytes }: ArchiveContents): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bytes <= bavail * bsize) return;
  throw new StepError(
    `no space left on the disk: ${source} unpacks to ${bytes} bytes, and ${dirname(path)} has ${bavail * bsize} free`,
  );
}

/** Into a directory that nobody else can enter. A list that lied about sizes meets the limit of a file's size. */
async function unpack(step: RenderedArchive, staged: string, context: StepContext): Promise<void> {
  const { source, format, strip, maxBytes } = step;
  await rm(staged, { recursive: true, force: true });
  await mkdir(staged, { mode: 0o700 });
  const command =
    format === 'zip'
      ? ['unzip', '-qq', '-o', source, '-d', staged]
      : [
          'tar',
          '--extract',
          '--force-local',
          '--no-same-owner',
          '--same-permissions',
          `--strip-components=${strip}`,
          `--directory=${staged}`,
          `--file=${source}`,
        ];
  const limited = ['prlimit', `--fsize=${maxBytes}`, '--', ...command];
  const result = await context.run(limited, { timeoutMs: unpackTimeoutMs });
  const program = result.missing ? 'prlimit' : (command[0] ?? '');
  const failure = failureOf(program, result, unpackTimeoutMs);
  if (failure === undefined) return;
  const full = result.lines.some((line) => line.includes('No space left on device'));
  throw new StepError(
    `${source} can't be unpacked: ${full ? 'no space left on the disk' : failure}`,
    result.lines,
  );
}

async function needCreated({ source, creates }: RenderedArchive, staged: string): Promise<void> {
  if (creates === undefined || (await statOf(join(staged, creates))) !== undefined) return;
  throw new StepError(`${source} doesn't hold ${creates}, which the step says that it creates`);
}

/** The old directory is moved aside, unless an earlier agent did so, and the new one takes its place. */
async function takePlace(staged: string, path: string): Promise<void> {
  const backup = beside(path, 'backup');
  if ((await statOf(path)) !== undefined) {
    if ((await statOf(backup)) === undefined) await rename(path, backup);
    else await rm(path, { recursive: true, force: true });
  }
  await rename(staged, path);
  await syncDirectory(dirname(path));
}
