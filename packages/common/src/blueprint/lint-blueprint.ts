import { formatPath } from '../config/describe-mistake.js';
import type { DocumentPath, YamlDocument } from '../config/yaml-document.js';
import type { Problem, SourcePosition } from '../errors/shoal-error.js';
import { secretExposures } from '../secrets/secret-uses.js';
import { unknownName } from '../template/template-names.js';
import type { UsedVariable } from '../template/used-variables.js';
import { usedInCondition, usedVariables } from '../template/used-variables.js';
import type { BlueprintFiles } from './blueprint-files.js';
import { templatesFolder } from './blueprint-files.js';
import type { LoadedBlueprint } from './blueprint-set.js';
import { textsOf } from './check-blueprint.js';
import { inspectBlueprint } from './parse-blueprint.js';
import { sampleParams } from './sample-params.js';
import type { FileStep, Step } from './step.js';

/** Something about a blueprint: `error`, it isn't taken or can't work; `warning`, it works, but not as well as it should. */
export interface Finding extends Problem {
  readonly severity: 'error' | 'warning';
}

/** What lint found, and the blueprint when it can be looked at further. */
export interface LintResult {
  /** Absent when there are errors. */
  readonly blueprint?: LoadedBlueprint;
  /** Its `blueprint.yaml`, for the places of further findings. */
  readonly document?: YamlDocument;
  readonly findings: readonly Finding[];
}

/** Everything that can be said of a blueprint without a host: what loading refuses, names that no template knows, and what a good blueprint has. */
export async function lintBlueprint(files: BlueprintFiles): Promise<LintResult> {
  const { document, blueprint, problems } = await inspectBlueprint(files);
  const errors = problems.map((problem): Finding => ({ ...problem, severity: 'error' }));
  if (blueprint === undefined || document === undefined) return { findings: errors };
  const uses = await usesOf(files, document, blueprint);
  const known = new Set(errors.map(({ message }) => message));
  for (const finding of unknownNames(uses, blueprint)) {
    // Unknown parameters were told by loading.
    if (![...known].some((message) => message.endsWith(finding.message))) errors.push(finding);
  }
  const warnings = warningsOf(files, document, blueprint, uses);
  const findings = [...errors, ...warnings];
  return errors.length > 0 ? { document, findings } : { blueprint, document, findings };
}

/** A variable with the place of its use. */
interface Use extends UsedVariable {
  readonly position: SourcePosition;
  /** Names that only this place knows. */
  readonly here: readonly string[];
  /** What stands before a message: the path in `blueprint.yaml`, when that is its place. */
  readonly prefix: string;
}

const templated = ['variables', 'steps', 'process', 'health', 'metrics', 'logs', 'drain'] as const;

async function usesOf(
  files: BlueprintFiles,
  document: YamlDocument,
  blueprint: LoadedBlueprint,
): Promise<Use[]> {
  const uses: Use[] = [];
  const written = document.value as LoadedBlueprint;
  for (const member of templated) {
    for (const { path, text } of textsOf(written[member], [member])) {
      const found = path.at(-1) === 'when' ? await usedInCondition(text) : await usedVariables(text);
      const place = {
        position: document.positionOf(path),
        prefix: `${formatPath(path)}: `,
        here: namesAt(path),
      };
      uses.push(...found.map((use) => ({ ...use, ...place })));
    }
  }
  for (const step of blueprint.steps) {
    if (!('template' in step) || typeof step.template !== 'object') continue;
    const file = `${files.place}/${templatesFolder}/${step.template.name}`;
    for (const use of await usedVariables(step.template.text)) {
      const { line, column } = use;
      uses.push({ ...use, position: { file, line, column }, prefix: '', here: ['digest'] });
    }
  }
  return uses;
}

/** `digest` is known in a file's own text, `staged` in its validation. */
function namesAt(path: DocumentPath): string[] {
  if (path[0] !== 'steps') return [];
  if (path[2] === 'content') return ['digest'];
  return path[2] === 'validate' ? ['staged'] : [];
}

function unknownNames(uses: readonly Use[], blueprint: LoadedBlueprint): Finding[] {
  const own = {
    parameters: Object.keys(blueprint.parameters),
    variables: Object.keys(blueprint.variables ?? {}),
    files: blueprint.steps.map(({ id }) => id),
  };
  const found = new Map<string, Finding>();
  for (const { path, position, prefix, here } of uses) {
    const message = unknownName(path, { ...own, here });
    if (message === undefined) continue;
    found.set(`${position.file}:${position.line}:${position.column}:${message}`, {
      severity: 'error',
      message: `${prefix}${message}`,
      position,
    });
  }
  return [...found.values()];
}

function warningsOf(
  files: BlueprintFiles,
  document: YamlDocument,
  blueprint: LoadedBlueprint,
  uses: readonly Use[],
): Finding[] {
  const warnings: Finding[] = [];
  const warn = (message: string, path: DocumentPath, part: 'key' | 'value' = 'key') => {
    warnings.push({ severity: 'warning', message, position: document.positionOf(path, part) });
  };
  if (blueprint.health === undefined)
    warn('no "health": a change that breaks the service is taken for a good one', []);
  for (const [index, step] of blueprint.steps.entries()) {
    if (step.type === 'file' && step.notify !== undefined && !isJudged(step, blueprint.steps))
      warn(`step "${step.id}": no "validate": a bad file is found only when the service fails`, [
        'steps',
        index,
      ]);
    if (step.type === 'exec' && step.check === undefined)
      warn(`step "${step.id}": no "check": the command runs with each new manifest`, ['steps', index]);
  }
  for (const name of Object.keys(blueprint.parameters)) {
    const used = uses.some(({ path }) => path[0] === 'params' && (path[1] === name || path[1] === undefined));
    if (!used) warn(`parameter "${name}" is used nowhere`, ['parameters', name]);
  }
  const taken = new Set(blueprint.steps.flatMap((step) => templateOf(step)));
  for (const name of files.texts.keys()) {
    const own = name.slice(templatesFolder.length + 1);
    if (name.startsWith(`${templatesFolder}/`) && !taken.has(own))
      warnings.push({
        severity: 'warning',
        message: 'no step uses this template',
        position: { file: `${files.place}/${name}`, line: 1, column: 1 },
      });
  }
  for (const exposure of secretExposures(blueprint)) warn(exposure, ['parameters']);
  for (const name of sampleParams(blueprint).missing)
    warn(
      `parameter "${name}" has neither a default nor "examples" that fit: nothing was rendered to try it`,
      [...['parameters', name]],
    );
  return warnings;
}

/** By its own command, by that of another file that includes it, or before the process is disturbed. */
function isJudged({ id, validate }: FileStep, steps: readonly Step[]): boolean {
  const judges = steps.flatMap((step) => ('validate' in step ? [step] : []));
  const named = `files.${id}.staged`;
  return (
    validate !== undefined ||
    judges.some(
      ({ type, validate: words = [] }) => type === 'service' || words.some((word) => word.includes(named)),
    )
  );
}

function templateOf(step: object): string[] {
  const { template } = step as { template?: { readonly name: string } };
  return template === undefined ? [] : [template.name];
}
