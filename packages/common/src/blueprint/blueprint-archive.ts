import { readFile, stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { ShoalError } from '../errors/shoal-error.js';
import type { BlueprintFiles } from './blueprint-files.js';
import {
  blueprintFile,
  blueprintFilesOf,
  blueprintLimits,
  decodeText,
  isBlueprintPath,
  templatesFolder,
} from './blueprint-files.js';
import type { TarEntry } from './tar.js';
import { readTar } from './tar.js';

/** Largest archive as it is stored, and unpacked with the headers and padding of tar; bytes. */
const maxPacked = 1024 * 1024;
const maxUnpacked = 2 * 1024 * 1024;
const maxEntries = 1000;

/** Reads a blueprint from a `.tar.gz` file, whose size is looked at first. Errors as those of `unpackBlueprint`; `not_found` for a missing file. */
export async function readBlueprintArchive(path: string): Promise<BlueprintFiles> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new ShoalError('not_found', `${path} doesn't exist`, { cause });
  });
  if (found.size > maxPacked) throw tooLargeArchive(path);
  return unpackBlueprint(await readFile(path), path);
}

/**
 * The files of a blueprint in a gzipped tar archive, unpacked in memory alone: nothing is written. The archive holds `blueprint.yaml` and `templates/`, or one folder with
 * these; other files are passed over. Throws `invalid_input` for what isn't such an archive, for absolute paths, `..`, links and devices, and beyond the
 * limits of bytes and entries, before more than these are in memory.
 */
export function unpackBlueprint(archive: Uint8Array, place: string): BlueprintFiles {
  if (archive.length > maxPacked) throw tooLargeArchive(place);
  const entries = readTar(gunzip(archive, place), place, maxEntries);
  const files = new Map<string, TarEntry>();
  for (const entry of entries) {
    const path = safePath(entry, place);
    if (entry.kind !== 'file' || path.split('/').some((part) => part.startsWith('._'))) continue;
    if (files.has(path)) throw new ShoalError('invalid_input', `${place}: ${path} is in it twice`);
    files.set(path, entry);
  }
  const root = rootOf([...files.keys()], place);
  const texts: Record<string, string> = {};
  for (const [path, { data }] of files) {
    const name = path.slice(root.length);
    if (path.startsWith(root) && isBlueprintPath(name)) texts[name] = decodeText(data, `${place}: ${path}`);
  }
  return blueprintFilesOf(texts, place);
}

function gunzip(archive: Uint8Array, place: string): Uint8Array {
  try {
    return gunzipSync(archive, { maxOutputLength: maxUnpacked });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLargeArchive(place);
    throw new ShoalError('invalid_input', `${place}: not a gzipped tar archive`, { cause });
  }
}

/** The entry's path without leading `./`. */
function safePath({ name, kind }: TarEntry, place: string): string {
  const shown = JSON.stringify(name);
  if (kind === 'link')
    throw new ShoalError('invalid_input', `${place}: ${shown} is a link; only files are taken`);
  if (kind === 'other')
    throw new ShoalError('invalid_input', `${place}: ${shown} is neither file nor directory`);
  const parts = name.split('/').filter((part) => part !== '.' && part !== '');
  if (name.startsWith('/') || parts.includes('..') || /[\\\0]/.test(name))
    throw new ShoalError('invalid_input', `${place}: unsafe path ${shown}; expected one within the archive`);
  return parts.join('/');
}

/** What stands before `blueprint.yaml` in the archive: nothing, or one folder. */
function rootOf(paths: readonly string[], place: string): string {
  const found = paths.filter((path) => path === blueprintFile || /^[^/]+\/blueprint\.yaml$/.test(path));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first.slice(0, -blueprintFile.length);
  const what = first === undefined ? `no ${blueprintFile}` : `several: ${found.join(', ')}`;
  const expected = `expected ${blueprintFile} and ${templatesFolder}/, or one folder with these`;
  throw new ShoalError('invalid_input', `${place}: ${what}; ${expected}`);
}

function tooLargeArchive(place: string): ShoalError {
  const message = `${place}: too large; a blueprint may have ${blueprintLimits.bytes} bytes in all`;
  return new ShoalError('invalid_input', message, { hint: 'Let a download step bring what is large.' });
}
