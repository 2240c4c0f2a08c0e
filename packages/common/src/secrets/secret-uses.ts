import type { Blueprint } from '../blueprint/blueprint.js';
import type { BlueprintSet } from '../blueprint/blueprint-set.js';
import type { DropinStep, FileStep, Step } from '../blueprint/step.js';
import type { Params, ServiceSpec, Spec } from '../spec/spec.js';
import { isSecretReference, secretReferences } from './references.js';

/** What the user of a blueprint, or its author, should know of how secret parameters are used. Both give whole sentences. */

/** Of a spec: secret parameters that are given as plain text, and places where a secret can be read by others. */
export function secretWarnings(spec: Spec, blueprints: BlueprintSet): string[] {
  const warnings = Object.entries(spec.services).flatMap(([name, service]) => {
    const blueprint = blueprints.get(service.blueprint);
    if (blueprint === undefined) return [];
    const layers = layersOf(name, service);
    const given = layers.flatMap(({ params }) =>
      Object.keys(params).filter((parameter) => [...secretReferences(params[parameter])].length > 0),
    );
    return [
      ...layers.flatMap(({ where, params }) => plainValues(where, params, blueprint)),
      ...exposures(blueprint, new Set([...secretParameters(blueprint), ...given])).map(
        (text) => `services.${name}: ${text}`,
      ),
    ];
  });
  return [...new Set(warnings)];
}

/** Of a blueprint: places where the value of one of its secret parameters can be read by others. */
export function secretExposures(blueprint: Blueprint): string[] {
  return exposures(blueprint, new Set(secretParameters(blueprint)));
}

function secretParameters(blueprint: Blueprint): string[] {
  return Object.entries(blueprint.parameters).flatMap(([name, schema]) =>
    schema.secret === true ? [name] : [],
  );
}

function layersOf(name: string, service: ServiceSpec): { where: string; params: Params }[] {
  const { params = {}, perSite = {}, perNode = {} } = service;
  const where = `services.${name}`;
  return [
    { where: `${where}.params`, params },
    ...Object.entries(perSite).map(([site, own]) => ({ where: `${where}.perSite.${site}`, params: own })),
    ...Object.entries(perNode).map(([node, own]) => ({ where: `${where}.perNode.${node}`, params: own })),
  ];
}

/** A parameter that is secret as a whole is meant, so only texts that stand there themselves count. */
function plainValues(where: string, params: Params, blueprint: Blueprint): string[] {
  return secretParameters(blueprint)
    .filter((name) => Object.hasOwn(params, name) && holdsPlainText(params[name]))
    .map(
      (name) =>
        `${where}.${name} is a secret and stands in the spec as plain text; use { secret: NAME } (shoal secret set NAME)`,
    );
}

function holdsPlainText(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  if (typeof value !== 'object' || value === null || isSecretReference(value)) return false;
  return Object.values(value).some(holdsPlainText);
}

function exposures(blueprint: Blueprint, secrets: ReadonlySet<string>): string[] {
  if (secrets.size === 0) return [];
  const used = usedIn(blueprint, secrets);
  const found = blueprint.steps.flatMap((step) => stepExposures(step, used));
  const { command = [] } = blueprint.process;
  for (const name of used(command))
    found.push(
      `the process's command line holds the secret parameter "${name}": everybody on the host can see it (ps); use its environment or a file`,
    );
  for (const name of used([blueprint.health?.url, blueprint.metrics?.map(({ url }) => url)])) {
    found.push(
      `a URL of the health check or of metrics holds the secret parameter "${name}": access logs may repeat it`,
    );
  }
  return found;
}

/** Names the secret parameters that the texts below a value use, directly or by a variable. */
type UsedIn = (value: unknown) => string[];

function stepExposures(step: Step, used: UsedIn): string[] {
  const told = (value: unknown, what: (name: string) => string) =>
    used(value).map((name) => `step ${step.id}: ${what(name)}`);
  switch (step.type) {
    case 'file': {
      const mode = step.mode ?? '0644';
      if ((Number.parseInt(mode, 8) & 0o004) === 0) return [];
      return told(
        textOf(step),
        (name) =>
          `${holds('file', name)}, and its mode ${mode} lets everybody on the host read it; use 0600 or 0640`,
      );
    }
    case 'dropin':
      return told(
        textOf(step),
        (name) =>
          `${holds('drop-in', name)}, and everybody on the host can read it; name a file of mode 0600 in it (EnvironmentFile=)`,
      );
    case 'exec':
    case 'wait':
    case 'download':
      return [
        ...told(
          commandsOf(step),
          (name) =>
            `${holds('command line', name)}: everybody on the host can see it (ps); use an environment or a file`,
        ),
        ...told(
          'url' in step ? step.url : undefined,
          (name) => `${holds('URL', name)}: access logs may repeat it`,
        ),
      ];
    default:
      return [];
  }
}

function holds(what: string, parameter: string): string {
  return `the ${what} holds the secret parameter "${parameter}"`;
}

function textOf(step: DropinStep | FileStep): string | undefined {
  return typeof step.template === 'object' ? step.template.text : step.content;
}

function commandsOf(step: Step): unknown {
  if (step.type === 'exec') return [step.command, step.check, step.undo];
  return step.type === 'wait' ? step.command : undefined;
}

function usedIn(blueprint: Blueprint, secrets: ReadonlySet<string>): UsedIn {
  const variables = new Map<string, Set<string>>();
  const direct = (text: string) => [...secrets].filter((name) => uses(text, name));
  const entries = Object.entries(blueprint.variables ?? {});
  const namesOf = (text: string) =>
    new Set([
      ...direct(text),
      ...entries.flatMap(([variable]) =>
        new RegExp(`\\b${variable}\\b`).test(templatesOf(text)) ? [...(variables.get(variable) ?? [])] : [],
      ),
    ]);
  // As often as there are variables: then what each uses by others has come through.
  for (let round = 0; round < entries.length; round += 1) {
    for (const [variable, text] of entries) variables.set(variable, namesOf(text));
  }
  return (value) => [...new Set([...textsOf(value)].flatMap((text) => [...namesOf(text)]))];
}

/** A template that uses `params` without saying which uses all. */
function uses(text: string, parameter: string): boolean {
  const templates = templatesOf(text);
  if (new RegExp(`\\bparams\\.${parameter}\\b|\\bparams\\[\\s*["']${parameter}["']\\s*\\]`).test(templates))
    return true;
  return /\bparams\b(?!\.|\s*\[\s*["'])/.test(templates);
}

/** What stands in the braces of a text. */
function templatesOf(text: string): string {
  return [...text.matchAll(/\{[{%][\s\S]*?[}%]\}/g)].map(([template]) => template).join('\n');
}

function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) yield* textsOf(member);
  }
}
