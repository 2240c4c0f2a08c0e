import { status } from '@grpc/grpc-js';
import type { ErrorCode } from './shoal-error.js';

interface ErrorStatus {
  readonly grpc: number;
  readonly http: number;
  /** Exit code of the `shoal` command. */
  readonly exit: number;
}

/** How each error code leaves by each door. Exit codes are listed in docs/cli.md; 1 is left for the unexpected. */
export const errorStatus: Readonly<Record<ErrorCode, ErrorStatus>> = {
  invalid_input: { grpc: status.INVALID_ARGUMENT, http: 400, exit: 2 },
  unauthenticated: { grpc: status.UNAUTHENTICATED, http: 401, exit: 3 },
  permission_denied: { grpc: status.PERMISSION_DENIED, http: 403, exit: 3 },
  not_found: { grpc: status.NOT_FOUND, http: 404, exit: 4 },
  already_exists: { grpc: status.ALREADY_EXISTS, http: 409, exit: 5 },
  conflict: { grpc: status.ABORTED, http: 409, exit: 5 },
  failed_precondition: { grpc: status.FAILED_PRECONDITION, http: 412, exit: 5 },
  resource_exhausted: { grpc: status.RESOURCE_EXHAUSTED, http: 429, exit: 6 },
  unavailable: { grpc: status.UNAVAILABLE, http: 503, exit: 6 },
  deadline_exceeded: { grpc: status.DEADLINE_EXCEEDED, http: 504, exit: 6 },
  step_failed: { grpc: status.UNKNOWN, http: 422, exit: 7 },
  internal: { grpc: status.INTERNAL, http: 500, exit: 1 },
};

/** The code that a gRPC status stands for when no ShoalError came with it. */
export function codeOfGrpcStatus(grpc: number): ErrorCode {
  for (const [code, door] of Object.entries(errorStatus)) {
    if (door.grpc === grpc) return code as ErrorCode;
  }
  return grpc === status.CANCELLED ? 'unavailable' : 'internal';
}
