import type { ErrorObject } from 'ajv/dist/2020.js';
import { candidatesFor, describeMistake, duplicateIndex } from './describe-mistake.js';
import { nearest } from './nearest.js';
import type { Validator } from './validator.js';
import type { DocumentPath } from './yaml-document.js';

/** Something in a value that doesn't fit its schema. */
export interface Mistake {
  readonly path: DocumentPath;
  /** What of the value is wrong: its key or itself. */
  readonly part: 'key' | 'value';
  readonly message: string;
  /** The schema's keyword that it fails; absent: it isn't about a value. */
  readonly keyword?: string;
}

/** Keywords whose own error says nothing that the errors of their branches don't say better. */
const wrappers: ReadonlySet<string> = new Set(['if', 'allOf', '$ref', 'dependentSchemas', 'propertyNames']);

/**
 * Every mistake of a value, one for each thing that a person has to change, in the order of the schema's checks. `base`: where the value stands in
 * its document; all paths begin there.
 */
export function findMistakes(
  validator: Validator<unknown>,
  value: unknown,
  base: DocumentPath = [],
): Mistake[] {
  const errors = validator.errors(value);
  const shadowed = alternativesOf(errors);
  const mistakes: Mistake[] = [];
  const seen = new Set<string>();
  for (const error of errors) {
    if (wrappers.has(error.keyword) || isShadowed(error, shadowed) || isExplained(error, errors)) continue;
    const path = [...base, ...pathOf(error, value)];
    const mistake = {
      ...placeOf(error, path),
      message: describeMistake(error, path),
      keyword: error.keyword,
    };
    const key = JSON.stringify([mistake.path, mistake.message]);
    if (!seen.has(key)) mistakes.push(mistake);
    seen.add(key);
  }
  return mistakes;
}

/** Schema paths of the alternatives (`anyOf`, `oneOf`) whose owner says in its own words what is expected. */
function alternativesOf(errors: readonly ErrorObject[]): readonly string[] {
  return errors
    .filter(
      ({ keyword, parentSchema }) =>
        /^(anyOf|oneOf)$/.test(keyword) && parentSchema?.['expected'] !== undefined,
    )
    .map(({ schemaPath }) => `${schemaPath}/`);
}

function isShadowed(error: ErrorObject, alternatives: readonly string[]): boolean {
  return alternatives.some((path) => error.schemaPath.startsWith(path));
}

/** A missing key is explained by an unknown one beside it that is a misspelling of it, a missing discriminator by `required`: one mistake, not two. */
function isExplained(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (error.keyword === 'discriminator') return error.params['tagValue'] === undefined;
  if (error.keyword !== 'required') return false;
  return errors.some(
    (other) =>
      other.keyword === 'additionalProperties' &&
      other.instancePath === error.instancePath &&
      nearest(String(other.params['additionalProperty']), candidatesFor(other)) ===
        error.params['missingProperty'],
  );
}

function placeOf(error: ErrorObject, path: DocumentPath): Pick<Mistake, 'path' | 'part'> {
  const key = error.params['additionalProperty'] ?? error.params['unevaluatedProperty'] ?? error.propertyName;
  if (typeof key === 'string') return { path: [...path, key], part: 'key' };
  if (error.keyword === 'uniqueItems') return { path: [...path, duplicateIndex(error)], part: 'value' };
  // A missing key has no place; its owner's key is where a reader looks.
  if (error.keyword === 'required') return { path, part: 'key' };
  if (error.keyword === 'discriminator')
    return { path: [...path, String(error.params['tag'])], part: 'value' };
  return { path, part: 'value' };
}

/** The error's JSON pointer as segments; numbers where the value holds a list. */
function pathOf(error: ErrorObject, root: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  let value = root;
  for (const raw of error.instancePath.split('/').slice(1)) {
    const name = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(name) : name);
    value = (value as Record<string, unknown> | null | undefined)?.[name];
  }
  return path;
}
