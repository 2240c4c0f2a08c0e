import type { ParameterSchema } from '@shoal/common';
import { formatValue } from './format.js';

function isSchema(value: unknown): value is ParameterSchema {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** A parameter's type as people say it: `list of string`, `map of integer`. */
export function typeWords(schema: ParameterSchema): string {
  const { items, additionalProperties } = schema as { items?: unknown; additionalProperties?: unknown };
  if (schema.type === 'array') return isSchema(items) ? `list of ${typeWords(items)}` : 'list';
  if (schema.type === 'object') {
    return isSchema(additionalProperties) ? `map of ${typeWords(additionalProperties)}` : 'object';
  }
  return schema.type;
}

/** What a parameter's value may be beyond its type: `one of all, node`, `1 to 65535`. */
export function limitWords(schema: ParameterSchema): readonly string[] {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern, expected } = schema;
  const words: string[] = [];
  const choices = schema['enum'];
  if (Array.isArray(choices)) words.push(`one of ${choices.map(formatValue).join(', ')}`);
  const range = rangeWords(minimum, maximum);
  if (range !== undefined) words.push(range);
  const length = rangeWords(minLength, maxLength);
  if (length !== undefined) words.push(`${length} characters`);
  const entries = rangeWords(minItems, maxItems);
  if (entries !== undefined) words.push(`${entries} entries`);
  if (typeof expected === 'string') words.push(expected);
  else if (typeof pattern === 'string') words.push(`like ${pattern}`);
  const { items } = schema as { items?: unknown };
  if (isSchema(items)) words.push(...limitWords(items).map((text) => `each ${text}`));
  return words;
}

function rangeWords(least: unknown, most: unknown): string | undefined {
  if (typeof least === 'number' && typeof most === 'number') return `${least} to ${most}`;
  if (typeof least === 'number') return `at least ${least}`;
  return typeof most === 'number' ? `at most ${most}` : undefined;
}
