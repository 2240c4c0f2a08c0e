import type { ErrorCode, Problem, ShoalErrorJson } from '@shoal/common';

/** What the controller answered instead of a result, or `unavailable` when it couldn't be asked. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];

  constructor(json: ShoalErrorJson) {
    super(json.message);
    this.name = 'ApiError';
    this.code = json.code;
    this.hint = json.hint;
    this.problems = json.problems ?? [];
  }

  /** Anything thrown, as an ApiError. */
  static from(thrown: unknown): ApiError {
    if (thrown instanceof ApiError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ApiError({ code: 'internal', message });
  }
}

/** The error for a request that got no answer at all. */
export function unreachable(): ApiError {
  return new ApiError({
    code: 'unavailable',
    message: 'The controller can’t be reached.',
    hint: 'Services on the nodes go on as they are. Check that the controller runs, then try again.',
  });
}

/** Reads the error out of an answer whose status isn't 2xx; `{error: {code, message, hint, problems}}`, or whatever a proxy put there. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  if (isErrorJson(error)) return new ApiError(error);
  return new ApiError({
    code: codeOfStatus(response.status),
    message: `The controller answered ${response.status}${response.statusText ? ` ${response.statusText}` : ''}.`,
  });
}

function isErrorJson(value: unknown): value is ShoalErrorJson {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'message' in value &&
    typeof value.message === 'string'
  );
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'permission_denied';
  if (status === 404) return 'not_found';
  if (status === 429) return 'resource_exhausted';
  if (status === 502 || status === 503 || status === 504) return 'unavailable';
  return status >= 400 && status < 500 ? 'invalid_input' : 'internal';
}
