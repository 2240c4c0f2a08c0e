import { formatPath } from '../config/describe-mistake.js';
import { pointer } from '../config/validate.js';
import type { DocumentPath, YamlDocument } from '../config/yaml-document.js';
import type { Problem } from '../errors/shoal-error.js';
import { checkCondition } from '../template/condition.js';
import { variableCycle } from '../template/order-variables.js';
import { checkTemplate } from '../template/render-template.js';
import type { Blueprint, LogSource } from './blueprint.js';
import { schemaMistakes } from './parameters.js';
import type { DropinStep, FileStep, Step } from './step.js';
import { unsupportedManager } from './step.js';

/** Members of a blueprint whose texts may be templates. */
const templated = ['variables', 'steps', 'process', 'health', 'metrics', 'logs'] as const;

/** What a blueprint's schema can't say: everything that is wrong with a blueprint that fits it. Template files are checked by their reader. */
export async function checkBlueprint(document: YamlDocument, blueprint: Blueprint): Promise<Problem[]> {
  const problems: Problem[] = [];
  const report: Report = (path, message, part = 'value') => {
    problems.push({ message, path: pointer(path), position: document.positionOf(path, part) });
  };
  for (const [name, schema] of Object.entries(blueprint.parameters)) {
    for (const mistake of schemaMistakes(schema, ['parameters', name])) {
      report(mistake.path, mistake.message, mistake.part);
    }
  }
  checkSteps(blueprint.steps, report);
  await checkVariables(blueprint, report);
  for (const [index, source] of (blueprint.logs ?? []).entries()) checkLog(source, ['logs', index], report);
  for (const member of templated) {
    for (const { path, text } of textsOf(blueprint[member], [member])) {
      for (const message of await checkText(path, text, blueprint)) report(path, message);
    }
  }
  return problems;
}

async function checkVariables(blueprint: Blueprint, report: Report): Promise<void> {
  const cycle = await variableCycle(blueprint.variables ?? {});
  if (cycle === undefined) return;
  report(['variables', cycle[0] ?? ''], `variables use each other in a circle: ${cycle.join(' -> ')}`, 'key');
}

type Report = (path: DocumentPath, message: string, part?: 'key' | 'value') => void;

function checkSteps(steps: readonly Step[], report: Report): void {
  const first = new Map<string, number>();
  for (const [index, step] of steps.entries()) {
    const path = ['steps', index];
    const earlier = first.get(step.id);
    if (earlier !== undefined)
      report([...path, 'id'], `duplicate step id "${step.id}": steps[${earlier}] has it`);
    else first.set(step.id, index);
    for (const mistake of stepMistakes(step)) {
      report([...path, ...mistake.at], `step "${step.id}": ${mistake.message}`);
    }
    if (step.type === 'service' && index !== steps.length - 1) {
      report(path, `step "${step.id}": the service step must be the last one`);
    }
  }
}

/** Steps that put a text of the blueprint's on the host. */
export function hasText(step: Step): step is DropinStep | FileStep {
  return step.type === 'file' || step.type === 'dropin';
}

function stepMistakes(step: Step): { at: DocumentPath; message: string }[] {
  if (hasText(step)) return exactlyOne(step, ['content', 'template']);
  if (step.type === 'wait') return exactlyOne(step, ['port', 'url', 'command']);
  if (step.type === 'package' && (step.manager ?? 'apt') !== 'apt') {
    return [{ at: ['manager'], message: unsupportedManager(step.manager) }];
  }
  return [];
}

function exactlyOne(holder: object, keys: readonly string[]): { at: DocumentPath; message: string }[] {
  const given = keys.filter((key) => key in holder);
  if (given.length === 1) return [];
  const found = given.length === 0 ? 'none' : given.map(quoted).join(' and ');
  return [{ at: [], message: `expected exactly one of ${listed(keys.map(quoted))}, found ${found}` }];
}

function quoted(key: string): string {
  return `"${key}"`;
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

function checkLog(source: LogSource, path: DocumentPath, report: Report): void {
  if (source.traffic !== undefined && (source.parser ?? 'plain') === 'plain') {
    report(
      [...path, 'traffic'],
      `log source "${source.source}": "traffic" names parsed fields, and the parser "plain" finds none`,
    );
  }
  for (const { message } of exactlyOne(source, ['file', 'unit', 'stdout'])) {
    report(path, `log source "${source.source}": ${message}`);
  }
}

async function checkText(path: DocumentPath, text: string, blueprint: Blueprint): Promise<string[]> {
  if (path.at(-1) === 'when') {
    const problem = await checkCondition(text);
    return problem === undefined ? [] : [problem.message];
  }
  if (!/\{[{%]/.test(text)) return [];
  const problems = await checkTemplate(text, 'template', blueprint.parameters);
  return problems.map((problem) => `${formatPath(path)}: template: ${problem.message}`);
}

/** Every text below a value, with its path. */
export function* textsOf(
  value: unknown,
  path: DocumentPath,
): Generator<{ path: DocumentPath; text: string }> {
  if (typeof value === 'string') yield { path, text: value };
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* textsOf(item, [...path, i]);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) yield* textsOf(member, [...path, key]);
  }
}
