import type { OperationDescription, OperationName } from '@shoal/common';
import { requestJson } from './http.js';

/** The one address that is known beforehand; it tells all others. */
const tableAddress = '/api/v1/operations';

let table: Promise<ReadonlyMap<string, OperationDescription>> | undefined;

/** The controller's table of operations, read once. */
export function operationTable(): Promise<ReadonlyMap<string, OperationDescription>> {
  table ??= requestJson<{ operations: readonly OperationDescription[] }>('GET', tableAddress).then(
    ({ operations }) => new Map(operations.map((operation) => [operation.name, operation])),
  );
  table.catch(() => {
    table = undefined;
  });
  return table;
}

/** Method, address and body of one call. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Where the table says `name` is asked, with `input` placed into path, query or body. */
export async function route(name: OperationName, input: Readonly<Record<string, unknown>>): Promise<Call> {
  const operation = (await operationTable()).get(name);
  if (operation === undefined) throw new Error(`the controller doesn't know the operation ${name}`);
  return placeInput(operation.http, input);
}

/** Fills an address such as `GET /api/v1/nodes/{name}` (or `:name`); what isn't in the path goes to the query of a GET or DELETE, else to the body. */
export function placeInput(http: string, input: Readonly<Record<string, unknown>>): Call {
  const [method = 'GET', template = ''] = http.split(' ');
  const left = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const path = template.replaceAll(/\{(\w+)\}|:(\w+)/g, (_, braced?: string, colon?: string) => {
    const key = braced ?? colon ?? '';
    const value = left.get(key);
    left.delete(key);
    return encodeURIComponent(String(value ?? ''));
  });
  if (method !== 'GET' && method !== 'DELETE') return { method, path, body: Object.fromEntries(left) };
  const query = new URLSearchParams();
  for (const [key, value] of left) {
    for (const item of Array.isArray(value) ? value : [value]) query.append(key, String(item));
  }
  return { method, path: query.size === 0 ? path : `${path}?${query}`, body: undefined };
}

/** The table is read again at the next call: another user may be told another one. */
export function forgetOperations(): void {
  table = undefined;
}
