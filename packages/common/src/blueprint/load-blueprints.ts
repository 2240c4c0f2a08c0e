import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../config/nearest.js';
import { problemsError } from '../config/problems.js';
import { validate } from '../config/validate.js';
import type { Validator } from '../config/validator.js';
import { compileSchema } from '../config/validator.js';
import type { YamlDocument } from '../config/yaml-document.js';
import { parseYaml } from '../config/yaml-document.js';
import type { Problem } from '../errors/shoal-error.js';
import { ShoalError } from '../errors/shoal-error.js';
import { checkTemplate } from '../template/render-template.js';
import type { Blueprint } from './blueprint.js';
import { blueprintSchema } from './blueprint-schema.js';
import type { BlueprintSet, LoadedBlueprint } from './blueprint-set.js';
import { createBlueprintSet } from './blueprint-set.js';
import { checkBlueprint, hasText } from './check-blueprint.js';
import type { DropinStep, FileStep, Step } from './step.js';

const blueprintValidator: Validator<Blueprint> = compileSchema<Blueprint>(blueprintSchema);

/**
 * Reads every blueprint of these directories: each holds one folder a blueprint, with `blueprint.yaml` and `templates/`. Throws `invalid_input` with
 * the problems of all of them at file:line:column, templates included; `not_found` for a directory that doesn't exist.
 */
export async function loadBlueprints(directories: readonly string[]): Promise<BlueprintSet> {
  const problems: Problem[] = [];
  const loaded: LoadedBlueprint[] = [];
  for (const folder of await foldersOf(directories)) {
    try {
      const blueprint = await loadBlueprint(folder);
      const twin = loaded.find(
        ({ name, version }) => name === blueprint.name && version === blueprint.version,
      );
      if (twin === undefined) loaded.push(blueprint);
      else problems.push(twinProblem(blueprint, twin));
    } catch (thrown) {
      if (!ShoalError.is(thrown)) throw thrown;
      problems.push(...(thrown.problems.length === 0 ? [{ message: thrown.message }] : thrown.problems));
    }
  }
  if (problems.length > 0) throw problemsError(problems);
  return createBlueprintSet(loaded);
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

async function foldersOf(directories: readonly string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const directory of directories) {
    try {
      const entries = await readdir(directory, { withFileTypes: true });
      const names = entries
        .filter((entry) => !entry.isFile() && !entry.name.startsWith('.'))
        .map(({ name }) => name);
      folders.push(...names.sort().map((name) => join(directory, name)));
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause;
      throw new ShoalError('not_found', `blueprint directory ${directory} doesn't exist`, { cause });
    }
  }
  return folders;
}

/** One folder's blueprint. Throws `invalid_input` with every problem. */
export async function loadBlueprint(folder: string): Promise<LoadedBlueprint> {
  const file = join(folder, 'blueprint.yaml');
  const document = parseYaml(await readText(file), file);
  const blueprint = validate(document, blueprintValidator);
  const problems = await checkBlueprint(document, blueprint);
  const steps: Step[] = [];
  for (const [index, step] of blueprint.steps.entries()) {
    const inlined = hasText(step) && typeof step.template === 'string';
    steps.push(inlined ? await inlineTemplate(step, index, { document, blueprint, folder, problems }) : step);
  }
  if (problems.length > 0) throw problemsError(problems);
  return { ...blueprint, steps, directory: folder };
}

interface Loading {
  readonly document: YamlDocument;
  readonly blueprint: Blueprint;
  readonly folder: string;
  readonly problems: Problem[];
}

async function inlineTemplate<S extends DropinStep | FileStep>(
  step: S,
  index: number,
  loading: Loading,
): Promise<S> {
  const { document, blueprint, folder, problems } = loading;
  const name = String(step.template);
  const path = join(folder, 'templates', name);
  try {
    const text = await readText(path);
    problems.push(...(await checkTemplate(text, path, blueprint.parameters)));
    return { ...step, template: { name, text } };
  } catch (thrown) {
    if (!ShoalError.is(thrown)) throw thrown;
    const present = existsSync(dirname(path)) ? await readdir(dirname(path)) : [];
    const message = `step "${step.id}": template ${path} doesn't exist${didYouMean(name, present)}`;
    problems.push({ message, position: document.positionOf(['steps', index, 'template']) });
    return step;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new ShoalError('invalid_input', `${path} doesn't exist`, { cause });
  }
}

function twinProblem(blueprint: LoadedBlueprint, twin: LoadedBlueprint): Problem {
  const message = `blueprint ${blueprint.name}@${blueprint.version} is defined twice, also in ${twin.directory}`;
  return { message, position: { file: join(blueprint.directory, 'blueprint.yaml'), line: 1, column: 1 } };
}
