import { type JsonSchema, version } from '@shoal/common';
import type { AnyOperation } from './definition.js';
import { changes, operations, restPrefix } from './table.js';
import { viewSchemas } from './view-schemas.js';

function pathParameters(row: AnyOperation): readonly string[] {
  return [...row.http.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');
}

function propertiesOf(row: AnyOperation): Readonly<Record<string, JsonSchema>> {
  return (row.input['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
}

function parameters(row: AnyOperation): readonly JsonSchema[] {
  const inPath = pathParameters(row);
  const required = (row.input['required'] ?? []) as readonly string[];
  return Object.entries(propertiesOf(row))
    .filter(([name]) => inPath.includes(name) || row.http.method === 'GET')
    .map(([name, schema]) => ({
      name,
      in: inPath.includes(name) ? 'path' : 'query',
      required: required.includes(name),
      schema,
      ...(typeof schema['description'] === 'string' ? { description: schema['description'] } : {}),
    }));
}

function requestBody(row: AnyOperation): JsonSchema | undefined {
  if (row.http.method === 'GET') return undefined;
  const inPath = pathParameters(row);
  const properties = Object.entries(propertiesOf(row)).filter(([name]) => !inPath.includes(name));
  const required = ((row.input['required'] ?? []) as readonly string[]).filter(
    (name) => !inPath.includes(name),
  );
  const schema = {
    ...row.input,
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? { required: undefined } : { required }),
  };
  return { required: required.length > 0, content: { 'application/json': { schema } } };
}

function operationObject(row: AnyOperation): JsonSchema {
  const body = requestBody(row);
  const type = row.stream ? 'text/event-stream' : 'application/json';
  return {
    operationId: row.name,
    summary: row.summary,
    description: `Needs the role ${row.role}.${changes(row) ? ' Recorded in the audit log.' : ''}${
      row.stream ? ' Server-sent events: the data of each is one output.' : ''
    }`,
    tags: [row.name.split('.')[0] ?? ''],
    parameters: parameters(row),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      '200': { description: 'The answer', content: { [type]: { schema: row.output } } },
      default: {
        description: 'What went wrong',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
    'x-shoal-role': row.role,
  };
}

/** The table as an OpenAPI 3.1 document. */
export function openApiDocument(): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const row of operations) {
    const path = `${restPrefix}${row.http.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [row.http.method.toLowerCase()]: operationObject(row) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Shoal controller', version, description: 'Every operation of the controller.' },
    security: [{ session: [] }],
    paths,
    components: {
      schemas: viewSchemas,
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'shoal_session' } },
    },
  };
}
