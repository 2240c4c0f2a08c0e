import { formatPath } from '../config/describe-mistake.js';
import { didYouMean } from '../config/nearest.js';
import type { Mistake } from '../config/schema-mistakes.js';
import { findMistakes } from '../config/schema-mistakes.js';
import type { Validator } from '../config/validator.js';
import { compileSchema } from '../config/validator.js';
import type { DocumentPath } from '../config/yaml-document.js';
import { replaceReferences, secretReferences } from '../secrets/references.js';
import type { ParameterSchema } from './blueprint.js';

const validators = new WeakMap<ParameterSchema, Validator<unknown>>();

/** Keywords that a parameter's schema may use, for "did you mean". */
const keywords = [
  ...[
    'type',
    'description',
    'default',
    'examples',
    'secret',
    'expected',
    'enum',
    'const',
    'minimum',
    'maximum',
    'exclusiveMinimum',
  ],
  ...['exclusiveMaximum', 'multipleOf', 'pattern', 'minLength', 'maxLength', 'items', 'minItems', 'maxItems'],
  ...[
    'uniqueItems',
    'properties',
    'required',
    'additionalProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
  ],
];

/**
 * What is wrong with a parameter's value; empty when it fits its schema. `base`: where the value stands. A reference to a secret counts as
 * text that fits wherever text may stand: its value isn't known here.
 */
export function parameterMistakes(schema: ParameterSchema, value: unknown, base: DocumentPath): Mistake[] {
  const references = [...secretReferences(value, base)];
  if (references.length === 0) return mistakesOf(schema, value, base);
  const places = new Set(references.map(({ path }) => JSON.stringify(path)));
  const texts = replaceReferences(value, ({ name }) => name);
  return mistakesOf(schema, texts, base).flatMap((mistake) => {
    if (mistake.part === 'key' || !places.has(JSON.stringify(mistake.path))) return [mistake];
    if (mistake.keyword !== 'type') return [];
    const message = mistake.message.replace(/found string ".*"$/, 'found a secret, which is text');
    return [{ ...mistake, message }];
  });
}

function mistakesOf(schema: ParameterSchema, value: unknown, base: DocumentPath): Mistake[] {
  let validator = validators.get(schema);
  if (validator === undefined) {
    validator = compileSchema(schema, { foreign: true });
    validators.set(schema, validator);
  }
  return findMistakes(validator, value, base);
}

/** What is wrong with the schema itself, its default included. `base`: where the schema stands. */
export function schemaMistakes(schema: ParameterSchema, base: DocumentPath): Mistake[] {
  try {
    const mistakes = parameterMistakes(schema, schema.default, [...base, 'default']);
    return schema.default === undefined ? [] : mistakes;
  } catch (thrown) {
    return [schemaMistake(thrown instanceof Error ? thrown.message : String(thrown), base)];
  }
}

function schemaMistake(message: string, base: DocumentPath): Mistake {
  const unknown = /unknown keyword: "(.+)"/.exec(message)?.[1];
  if (unknown === undefined)
    return { path: base, part: 'value', message: `${formatPath(base)}: faulty schema: ${message}` };
  const text = `unknown keyword "${unknown}" in ${formatPath(base)}${didYouMean(unknown, keywords)}`;
  return { path: [...base, unknown], part: 'key', message: text };
}
