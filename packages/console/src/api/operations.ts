import type { OperationInput, OperationOutput, UnaryOperationName } from '@shoal/common';
import { requestJson } from './http.js';
import { route } from './routes.js';

/** Asks the controller. Throws ApiError. */
export async function call<N extends UnaryOperationName>(
  name: N,
  input: OperationInput<N>,
  signal?: AbortSignal,
): Promise<OperationOutput<N>> {
  const { method, path, body } = await route(name, input);
  return requestJson<OperationOutput<N>>(method, path, {
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  });
}
