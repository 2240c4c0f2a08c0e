import type { Params, ParamValue } from '../spec/spec.js';
import type { Blueprint, ParameterSchema } from './blueprint.js';
import { parameterMistakes } from './parameters.js';

/** Values for every parameter, to try a blueprint with: its default, else its first example, else a value of its type. `missing`: those for which none of these fits. */
export function sampleParams(blueprint: Blueprint): {
  readonly params: Params;
  readonly missing: readonly string[];
} {
  const params: Record<string, ParamValue> = {};
  const missing: string[] = [];
  for (const [name, schema] of Object.entries(blueprint.parameters)) {
    const value = candidates(schema).find((candidate) => fits(schema, candidate));
    if (value === undefined) missing.push(name);
    else params[name] = value as ParamValue;
  }
  return { params, missing };
}

function fits(schema: ParameterSchema, value: unknown): boolean {
  return value !== undefined && parameterMistakes(schema, value, []).length === 0;
}

function candidates(schema: ParameterSchema): unknown[] {
  const examples = Array.isArray(schema['examples']) ? (schema['examples'] as unknown[]) : [];
  const choices = Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : [];
  const bounds = [schema['minimum'], schema['maximum'], schema['const']];
  const plain = {
    string: ['sample', '/sample', 'http://127.0.0.1:1'],
    integer: [1],
    number: [1],
    boolean: [false],
    array: [[], ['sample']],
    object: [{}],
  };
  return [schema.default, ...examples, ...choices, ...bounds, ...plain[schema.type]];
}
