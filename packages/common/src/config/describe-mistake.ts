import type { ErrorObject } from 'ajv/dist/2020.js';
import { didYouMean } from './nearest.js';
import type { JsonSchema } from './validator.js';
import type { DocumentPath } from './yaml-document.js';

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'nothing',
};

/** A path as people write it: `services.web.nodes[1]`, `perNode["a.b"]`; empty for the root. */
export function formatPath(path: DocumentPath): string {
  return path
    .map((segment, index) => {
      if (typeof segment === 'number') return `[${segment}]`;
      if (!/^[\w-]+$/.test(segment)) return `[${JSON.stringify(segment)}]`;
      return index === 0 ? segment : `.${segment}`;
    })
    .join('');
}

/** Keys that the schema knows: what an unknown key can have been meant to be. Those that are there already count too: defaults may have put them there. */
export function candidatesFor(error: ErrorObject): string[] {
  return Object.keys((error.parentSchema?.['properties'] as JsonSchema | undefined) ?? {});
}

/** A sentence for one error of ajv: what is wrong at `path`, what was found, what was expected. */
export function describeMistake(error: ErrorObject, path: DocumentPath): string {
  const where = path.length === 0 ? '' : ` in ${formatPath(path)}`;
  const { keyword, params } = error;
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const key = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
    return `unknown key "${key}"${where}${suggestion(key, candidatesFor(error))}`;
  }
  if (keyword === 'required') return `missing key "${params['missingProperty']}"${where}`;
  if (error.propertyName !== undefined) {
    return `bad key "${error.propertyName}"${where}: expected ${expectation(error)}`;
  }
  if (keyword === 'discriminator') {
    const tag = String(params['tag']);
    const { found, known } = discriminated(error, tag);
    return `${formatPath([...path, tag])}: expected ${oneOf(known)}, found ${found}`;
  }
  const owner = path.length === 0 ? '' : `${formatPath(path)}: `;
  if (keyword === 'uniqueItems') return duplicate(error, path);
  if (isSecretSchema(error.parentSchema)) {
    return `${owner}expected ${expectation(error)}, found ${describeFound(error.data, ['secret'])}`;
  }
  const meant = keyword === 'enum' ? didYouMean(String(error.data), enumValues(error)) : '';
  return `${owner}expected ${expectation(error)}, found ${describeFound(error.data, path)}${meant}`;
}

/** The schema says of its value that it isn't to be shown. */
function isSecretSchema(schema: ErrorObject['parentSchema']): boolean {
  return schema?.['secret'] === true || schema?.['writeOnly'] === true;
}

/** What the schema wanted of the value. */
function expectation({ keyword, params, parentSchema }: ErrorObject): string {
  const own = parentSchema?.['expected'];
  if (typeof own === 'string' && ['type', 'pattern', 'anyOf', 'oneOf', 'format', 'not'].includes(keyword))
    return own;
  switch (keyword) {
    case 'type':
      return [params['type']]
        .flat()
        .map((type) => typeNames[String(type)] ?? String(type))
        .join(' or ');
    case 'enum':
      return oneOf((params['allowedValues'] as unknown[]) ?? []);
    case 'const':
      return JSON.stringify(params['allowedValue']);
    case 'pattern':
      return `text that matches ${params['pattern']}`;
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return `a number ${params['comparison']} ${params['limit']}`;
    case 'multipleOf':
      return `a multiple of ${params['multipleOf']}`;
    default:
      return countExpectation(keyword, params['limit']);
  }
}

function countExpectation(keyword: string, limit: unknown): string {
  const [, bound, what] = /^(min|max)(Length|Items|Properties)$/.exec(keyword) ?? [];
  if (bound === undefined || what === undefined) return `a value that satisfies "${keyword}"`;
  const unit = { Length: 'characters', Items: 'entries', Properties: 'keys' }[what];
  return `${bound === 'min' ? 'at least' : 'at most'} ${limit} ${unit}`;
}

/** What stands there: its kind and, for short and harmless ones, itself. Secrets are never repeated. */
export function describeFound(value: unknown, path: DocumentPath): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (path.some((segment) => isSecretName(String(segment)))) return `a ${typeof value}`;
  const text = JSON.stringify(value);
  return `${typeof value} ${text.length > 60 ? `${text.slice(0, 57)}…` : text}`;
}

/** True for names whose values must not be shown: tokens, secrets, passwords, keys, cookies, authorization headers. */
export function isSecretName(name: string): boolean {
  return /(token|secret|password|passphrase|authorization|cookie|credentials?|keys?|key_?pem)$/i.test(name);
}

/** Which entry of a list repeats an earlier one. */
export function duplicateIndex({ params }: ErrorObject): number {
  return Math.max(Number(params['i']), Number(params['j']));
}

function duplicate(error: ErrorObject, path: DocumentPath): string {
  const index = duplicateIndex(error);
  const value: unknown = Array.isArray(error.data) ? error.data[index] : undefined;
  return `${formatPath([...path, index])}: duplicate entry ${describeFound(value, path).replace(/^string /, '')}`;
}

function discriminated(error: ErrorObject, tag: string): { found: string; known: string[] } {
  const branches = (error.parentSchema?.['oneOf'] ?? []) as {
    properties?: Record<string, { const?: unknown }>;
  }[];
  const known = branches.map((branch) => String(branch.properties?.[tag]?.const));
  const value = (error.data as Record<string, unknown> | null)?.[tag];
  const found = `${describeFound(value, [tag])}${typeof value === 'string' ? didYouMean(value, known) : ''}`;
  return { found, known };
}

function enumValues(error: ErrorObject): string[] {
  return ((error.params['allowedValues'] as unknown[]) ?? []).map(String);
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1
    ? JSON.stringify(values[0])
    : `one of ${values.map((v) => JSON.stringify(v)).join(', ')}`;
}

function suggestion(key: string, candidates: readonly string[]): string {
  const meant = didYouMean(key, candidates);
  if (meant !== '' || candidates.length === 0) return meant;
  return `; expected one of ${candidates.join(', ')}`;
}
