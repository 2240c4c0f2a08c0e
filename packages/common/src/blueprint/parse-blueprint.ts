import { createHash } from 'node:crypto';
import { didYouMean } from '../config/nearest.js';
import { problemsError } from '../config/problems.js';
import { validationProblems } from '../config/validate.js';
import type { Validator } from '../config/validator.js';
import { compileSchema } from '../config/validator.js';
import type { YamlDocument } from '../config/yaml-document.js';
import { parseYaml } from '../config/yaml-document.js';
import type { Problem } from '../errors/shoal-error.js';
import { ShoalError } from '../errors/shoal-error.js';
import { canonicalJson } from '../identity/canonical-json.js';
import { checkTemplate } from '../template/render-template.js';
import type { Blueprint } from './blueprint.js';
import type { BlueprintFiles } from './blueprint-files.js';
import { blueprintFile, templatesFolder } from './blueprint-files.js';
import { blueprintSchema } from './blueprint-schema.js';
import type { LoadedBlueprint } from './blueprint-set.js';
import { checkBlueprint, hasText } from './check-blueprint.js';
import type { DropinStep, FileStep, Step } from './step.js';

const blueprintValidator: Validator<Blueprint> = compileSchema<Blueprint>(blueprintSchema);

/** What came of a blueprint's files. */
export interface BlueprintInspection {
  /** Its `blueprint.yaml`; absent when that isn't there or is no YAML. */
  readonly document?: YamlDocument;
  /** Absent when `blueprint.yaml` doesn't fit the schema. With problems it may not be used, but looked at. */
  readonly blueprint?: LoadedBlueprint;
  /** Everything that is wrong, at file:line:column. */
  readonly problems: readonly Problem[];
}

/** A blueprint of its files, template files inlined. Throws `invalid_input` with every problem. */
export async function parseBlueprint(files: BlueprintFiles): Promise<LoadedBlueprint> {
  const { blueprint, problems } = await inspectBlueprint(files);
  if (blueprint === undefined || problems.length > 0) throw problemsError(problems);
  return blueprint;
}

/** The same without throwing: for those who want all that can be said. */
export async function inspectBlueprint(files: BlueprintFiles): Promise<BlueprintInspection> {
  const document = readDocument(files);
  if (ShoalError.is(document))
    return { problems: document.problems.length > 0 ? document.problems : [{ message: document.message }] };
  const faults = validationProblems(document, blueprintValidator);
  if (faults.length > 0) return { document, problems: [...faults, ...(await templateFaults(files))] };
  const written = document.value as Blueprint;
  const problems = await checkBlueprint(document, written);
  const steps: Step[] = [];
  for (const [index, step] of written.steps.entries()) {
    const inlined = hasText(step) && typeof step.template === 'string';
    steps.push(inlined ? await inlineTemplate(step, index, { document, written, files, problems }) : step);
  }
  return { document, blueprint: { ...written, steps, directory: files.place }, problems };
}

function readDocument({ place, texts }: BlueprintFiles): YamlDocument | ShoalError {
  const text = texts.get(blueprintFile);
  const path = `${place}/${blueprintFile}`;
  if (text === undefined) return new ShoalError('invalid_input', `${path} doesn't exist`);
  try {
    return parseYaml(text, path);
  } catch (thrown) {
    return ShoalError.from(thrown);
  }
}

/** What is wrong with the template files by themselves. */
async function templateFaults({ place, texts }: BlueprintFiles): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [name, text] of texts) {
    if (name !== blueprintFile) problems.push(...(await checkTemplate(text, `${place}/${name}`)));
  }
  return problems;
}

interface Inlining {
  readonly document: YamlDocument;
  readonly written: Blueprint;
  readonly files: BlueprintFiles;
  readonly problems: Problem[];
}

async function inlineTemplate<S extends DropinStep | FileStep>(
  step: S,
  index: number,
  inlining: Inlining,
): Promise<S> {
  const { document, written, files, problems } = inlining;
  const name = String(step.template);
  const path = `${files.place}/${templatesFolder}/${name}`;
  const text = files.texts.get(`${templatesFolder}/${name}`);
  if (text !== undefined) {
    problems.push(...(await checkTemplate(text, path, written.parameters)));
    return { ...step, template: { name, text } };
  }
  const present = [...files.texts.keys()].map((file) => file.slice(templatesFolder.length + 1));
  const message = `step "${step.id}": template ${path} doesn't exist${didYouMean(name, present)}`;
  problems.push({ message, position: document.positionOf(['steps', index, 'template']) });
  return step;
}

const hashes = new WeakMap<LoadedBlueprint, string>();

/** SHA-256, hex, of a blueprint's content: where it was read from doesn't count. */
export function blueprintHash(blueprint: LoadedBlueprint): string {
  let hash = hashes.get(blueprint);
  if (hash === undefined) {
    const content = canonicalJson({ ...blueprint, directory: '' });
    hash = createHash('sha256').update(content).digest('hex');
    hashes.set(blueprint, hash);
  }
  return hash;
}
