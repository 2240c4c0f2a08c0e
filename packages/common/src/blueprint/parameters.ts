import { didYouMean } from '../config/nearest.js';
import type { Mistake } from '../config/schema-mistakes.js';
import { findMistakes } from '../config/schema-mistakes.js';
import type { Validator } from '../config/validator.js';
import { compileSchema } from '../config/validator.js';
import type { ParameterSchema } from './blueprint.js';

const validators = new WeakMap<ParameterSchema, Validator<unknown>>();

/** Keywords that a parameter's schema may use, for "did you mean". */
const keywords = [
  ...[
    'type',
    'description',
    'default',
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

/** What is wrong with a parameter's value; empty when it fits its schema. Paths begin at the value. */
export function parameterMistakes(schema: ParameterSchema, value: unknown): Mistake[] {
  let validator = validators.get(schema);
  if (validator === undefined) {
    validator = compileSchema(schema);
    validators.set(schema, validator);
  }
  return findMistakes(validator, value);
}

/** What is wrong with the schema itself, its default included. Paths begin at the schema. */
export function schemaMistakes(schema: ParameterSchema): Mistake[] {
  try {
    if (schema.default === undefined) {
      parameterMistakes(schema, undefined);
      return [];
    }
    return parameterMistakes(schema, schema.default).map((mistake) => ({
      ...mistake,
      path: ['default', ...mistake.path],
      message: `default: ${mistake.message}`,
    }));
  } catch (thrown) {
    return [describeSchemaError(thrown instanceof Error ? thrown.message : String(thrown))];
  }
}

function describeSchemaError(message: string): Mistake {
  const unknown = /unknown keyword: "(.+)"/.exec(message)?.[1];
  if (unknown === undefined) return { path: [], part: 'value', message: `faulty schema: ${message}` };
  const text = `unknown keyword "${unknown}"${didYouMean(unknown, keywords)}`;
  return { path: [unknown], part: 'key', message: text };
}
