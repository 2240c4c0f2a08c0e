import type { JsonSchema } from '@shoal/common';

/** Short forms for the JSON Schemas of the table. Objects refuse unknown keys. */

/** An object whose keys are all required but those named in `optional`. */
export function object(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** An object with no key required. */
export function options(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return object(properties, Object.keys(properties));
}

export function array(items: JsonSchema, limits: { readonly maxItems?: number } = {}): JsonSchema {
  return { type: 'array', items, ...limits };
}

/** A map from any key to `values`. */
export function map(values: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: values };
}

export function oneOf(...values: readonly string[]): JsonSchema {
  return { type: 'string', enum: values };
}

export function constant(value: string): JsonSchema {
  return { const: value };
}

export function nullable(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** A schema with words for its reader. */
export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

/** A named schema of `views.ts`, kept once under OpenAPI's components. */
export function view(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

export const text: JsonSchema = { type: 'string' };
/** Input text that names something: 1 to 200 characters. */
export const word: JsonSchema = { type: 'string', minLength: 1, maxLength: 200 };
export const flag: JsonSchema = { type: 'boolean' };
export const decimal: JsonSchema = { type: 'number' };
export const integer: JsonSchema = { type: 'integer' };
/** Milliseconds since the epoch. */
export const time: JsonSchema = { type: 'integer', minimum: 0, description: 'milliseconds since the epoch' };
export const nothing: JsonSchema = options({});

/** A whole number within bounds, with its default told. */
export function count(minimum: number, maximum: number, byDefault?: number): JsonSchema {
  return { type: 'integer', minimum, maximum, ...(byDefault === undefined ? {} : { default: byDefault }) };
}
