import { type JsonSchema, ShoalError } from '@shoal/common';
import type { FastifyRequest } from 'fastify';
import type { AnyOperation } from '../operations/definition.js';

type Properties = Readonly<Record<string, JsonSchema>>;

function coerce(schema: JsonSchema | undefined, value: unknown): unknown {
  switch (schema?.['type']) {
    case 'integer':
    case 'number':
      return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value;
    case 'array': {
      const items = schema['items'] as JsonSchema | undefined;
      return (Array.isArray(value) ? value : [value]).map((item) => coerce(items, item));
    }
    default:
      return value;
  }
}

/** Texts of a query or path as what the schema wants; what doesn't look like it stays text, for validation to complain about. */
export function coerceTexts(
  row: AnyOperation,
  texts: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const properties = (row.input['properties'] ?? {}) as Properties;
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, coerce(properties[key], text)]));
}

/** The operation's input: query or JSON body, with the parts of the path. Not validated yet. */
export function inputOf(row: AnyOperation, request: FastifyRequest): Record<string, unknown> {
  const inPath = coerceTexts(row, request.params as Record<string, unknown>);
  if (row.http.method === 'GET') {
    return { ...coerceTexts(row, request.query as Record<string, unknown>), ...inPath };
  }
  const { body = {} } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ShoalError('invalid_input', 'wrong request: expected a JSON object as body');
  }
  return { ...body, ...inPath };
}
