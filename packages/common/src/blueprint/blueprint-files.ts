import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '../errors/shoal-error.js';

/** What a blueprint is made of, read but not judged: `blueprint.yaml` and the files of `templates/`. */
export interface BlueprintFiles {
  /** The folder or archive that they came from; messages begin with it. */
  readonly place: string;
  /** Path below the blueprint, `/` between its parts, to the file's text. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Limits of one blueprint. It travels in manifests and is kept in the controller's store, whose values end at 1 MiB. */
export const blueprintLimits: {
  readonly bytes: number;
  readonly files: number;
} = { bytes: 512 * 1024, files: 200 };

/** The file that makes a folder a blueprint. */
export const blueprintFile = 'blueprint.yaml';
export const templatesFolder = 'templates';

/** Reads a blueprint's folder; what belongs to no blueprint is passed over. Sizes are looked at before anything is read. Throws `invalid_input` beyond the limits and for what is no text. */
export async function readBlueprintFolder(folder: string): Promise<BlueprintFiles> {
  const names = [blueprintFile, ...(await templatesOf(folder))];
  if (names.length > blueprintLimits.files) throw tooMany(folder);
  const texts = new Map<string, string>();
  let total = 0;
  for (const name of names) {
    const path = join(folder, name);
    const size = await fileSize(path);
    if (size === undefined) continue;
    total += size;
    if (total > blueprintLimits.bytes) throw tooLarge(folder);
    texts.set(name, decodeText(await readFile(path), path));
  }
  return { place: folder, texts };
}

/** Files of a blueprint that came as texts (an upload), with the same limits and names as those of a folder. */
export function blueprintFilesOf(texts: Readonly<Record<string, string>>, place: string): BlueprintFiles {
  const entries = Object.entries(texts);
  if (entries.length > blueprintLimits.files) throw tooMany(place);
  let total = 0;
  for (const [name, text] of entries) {
    if (!isBlueprintPath(name)) throw strangePath(name, place);
    total += Buffer.byteLength(text);
  }
  if (total > blueprintLimits.bytes) throw tooLarge(place);
  return { place, texts: new Map(entries) };
}

/** True for the paths that a blueprint can have: `blueprint.yaml` and plain names below `templates/`. */
export function isBlueprintPath(path: string): boolean {
  return path === blueprintFile || /^templates\/[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(path);
}

/** UTF-8 text. Throws `invalid_input` for what is none. */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ShoalError('invalid_input', `${path} is no UTF-8 text`, { cause });
  }
}

/** The blueprint is larger than it may be. */
export function tooLarge(place: string): ShoalError {
  return new ShoalError(
    'invalid_input',
    `${place}: a blueprint may have ${blueprintLimits.bytes} bytes in all`,
    {
      hint: 'Let a download step bring what is large.',
    },
  );
}

function tooMany(place: string): ShoalError {
  return new ShoalError('invalid_input', `${place}: a blueprint may have ${blueprintLimits.files} files`);
}

function strangePath(name: string, place: string): ShoalError {
  const expected = `${blueprintFile}, or a plain name below ${templatesFolder}/`;
  return new ShoalError('invalid_input', `${place}: expected ${expected}, found ${JSON.stringify(name)}`);
}

async function templatesOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(folder, templatesFolder), { withFileTypes: true });
    const files = entries
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => `${templatesFolder}/${name}`);
    return files.filter(isBlueprintPath).sort();
  } catch (thrown) {
    if (isAbsent(thrown)) return [];
    throw thrown;
  }
}

/** Bytes of a regular file; undefined when there is none. */
async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  }
}

function isAbsent(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
