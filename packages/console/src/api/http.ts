import { errorOf, unreachable } from './api-error.js';

/** Header that the controller asks of every change made with a session cookie: other sites' forms can't set it. */
const csrfHeader = 'x-shoal-csrf';

/** Called when the controller says that there is no session (any more). */
let onUnauthenticated: () => void = () => {};

/** Sets what happens when a session ends. */
export function setUnauthenticatedHandler(handler: () => void): void {
  onUnauthenticated = handler;
}

/** One request. Throws ApiError for everything but 2xx; rethrows the abort of `signal`. */
export async function request(
  method: string,
  path: string,
  options: { body?: unknown; signal?: AbortSignal; accept?: string } = {},
): Promise<Response> {
  const headers: Record<string, string> = { accept: options.accept ?? 'application/json' };
  if (method !== 'GET') headers[csrfHeader] = '1';
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (thrown) {
    if (options.signal?.aborted) throw thrown;
    throw unreachable();
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  if (response.status === 401 && !path.startsWith('/api/v1/login')) onUnauthenticated();
  throw error;
}

/** One request with a JSON answer. */
export async function requestJson<T>(
  method: string,
  path: string,
  options: { body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const response = await request(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}
