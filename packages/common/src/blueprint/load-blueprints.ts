import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { problemsError } from '../config/problems.js';
import type { Problem } from '../errors/shoal-error.js';
import { ShoalError } from '../errors/shoal-error.js';
import { readBlueprintArchive } from './blueprint-archive.js';
import type { BlueprintFiles } from './blueprint-files.js';
import { readBlueprintFolder } from './blueprint-files.js';
import type { BlueprintSet, LoadedBlueprint } from './blueprint-set.js';
import { createBlueprintSet } from './blueprint-set.js';
import { blueprintHash, parseBlueprint } from './parse-blueprint.js';

type Parse = (files: BlueprintFiles) => Promise<LoadedBlueprint>;

const archiveName = /\.(tar\.gz|tgz)$/;

/**
 * Reads every blueprint of these directories: each holds a folder for each, with `blueprint.yaml` and `templates/`, or an archive `name-version.tar.gz`
 * with the same. Throws `invalid_input` with the problems of all of them at file:line:column, templates included; `not_found` for a directory that
 * doesn't exist.
 */
export async function loadBlueprints(directories: readonly string[]): Promise<BlueprintSet> {
  const { blueprints, problems } = await scanBlueprints(directories);
  if (problems.length > 0) throw problemsError(problems);
  return createBlueprintSet(blueprints);
}

/** The same for those who go on with what is sound: blueprints and problems beside each other. `parse`: default `parseBlueprint`. */
export async function scanBlueprints(
  directories: readonly string[],
  parse: Parse = parseBlueprint,
): Promise<{ readonly blueprints: readonly LoadedBlueprint[]; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const found = new Map<string, LoadedBlueprint>();
  for (const path of await placesOf(directories)) {
    try {
      const blueprint = await loadBlueprint(path, parse);
      const key = `${blueprint.name}@${blueprint.version}`;
      const twin = found.get(key);
      if (twin === undefined) found.set(key, blueprint);
      // The same content twice does no harm; a version that means two things does.
      else if (blueprintHash(twin) !== blueprintHash(blueprint)) problems.push(twinProblem(blueprint, twin));
    } catch (thrown) {
      if (!ShoalError.is(thrown)) throw thrown;
      problems.push(...(thrown.problems.length === 0 ? [{ message: thrown.message }] : thrown.problems));
    }
  }
  return { blueprints: [...found.values()], problems };
}

/** Where the blueprints that come with Shoal are: `SHOAL_BLUEPRINTS`, else where packages put them, else the repository's own. */
export function builtinBlueprintsDir(): string {
  const named = process.env['SHOAL_BLUEPRINTS'];
  if (named !== undefined && named !== '') return named;
  const installed = '/usr/share/shoal/blueprints';
  // A bundle has no place of its own in the repository.
  const here: string | undefined = import.meta.url;
  if (here === undefined || existsSync(installed)) return installed;
  return fileURLToPath(new URL('../../../../blueprints', here));
}

/** Folders and archives of these directories. */
async function placesOf(directories: readonly string[]): Promise<string[]> {
  const places: string[] = [];
  for (const directory of directories) {
    try {
      const entries = await readdir(directory, { withFileTypes: true });
      const names = entries
        .filter((entry) => !entry.isFile() || archiveName.test(entry.name))
        .map(({ name }) => name)
        .filter((name) => !name.startsWith('.'));
      places.push(...names.sort().map((name) => join(directory, name)));
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause;
      throw new ShoalError('not_found', `blueprint directory ${directory} doesn't exist`, { cause });
    }
  }
  return places;
}

/** The blueprint of one folder or archive. Throws `invalid_input` with every problem. */
export async function loadBlueprint(path: string, parse: Parse = parseBlueprint): Promise<LoadedBlueprint> {
  if (!archiveName.test(path)) return parse(await readBlueprintFolder(path));
  const blueprint = await parse(await readBlueprintArchive(path));
  const expected = `${blueprint.name}-${blueprint.version}`;
  if (basename(path).replace(archiveName, '') === expected) return blueprint;
  throw new ShoalError(
    'invalid_input',
    `${path} holds ${blueprint.name}@${blueprint.version}: name it ${expected}.tar.gz`,
  );
}

function twinProblem(blueprint: LoadedBlueprint, twin: LoadedBlueprint): Problem {
  const message = `blueprint ${blueprint.name}@${blueprint.version} is in ${twin.directory} too, with other content; give one of them another version`;
  return { message, position: { file: join(blueprint.directory, 'blueprint.yaml'), line: 1, column: 1 } };
}
