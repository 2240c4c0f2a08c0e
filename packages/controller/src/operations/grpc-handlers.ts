import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import {
  type OperationRequest__Output,
  type OperationResponse,
  type OperationsHandlers,
  type Principal,
  ShoalError,
  toServiceError,
} from '@shoal/common';
import type { Actor } from '../services.js';
import type { Dispatcher } from './dispatcher.js';

/** Any call on the gRPC server, before its kind matters. */
export type OperationsCall =
  | ServerUnaryCall<OperationRequest__Output, OperationResponse>
  | ServerWritableStream<OperationRequest__Output, OperationResponse>;

/** What the gRPC door needs. */
export interface OperationsHandlersComponents {
  readonly dispatcher: Dispatcher;
  /** Who the call's client certificate names; throws `unauthenticated` for none, an expired, a revoked one, or one of another CA. */
  readonly principalOf: (call: OperationsCall) => Principal | Promise<Principal>;
}

/** The actor behind an operator's certificate; nodes may not ask for operations. */
export function actorOf(principal: Principal): Actor {
  if (principal.kind === 'operator') {
    if (principal.role !== undefined) return { name: principal.name, role: principal.role, door: 'grpc' };
    throw new ShoalError('permission_denied', `the certificate of ${principal.name} names no role`);
  }
  throw new ShoalError('permission_denied', `the node ${principal.name} may not call operations`, {
    hint: "use an operator's credentials",
  });
}

function inputOf(request: OperationRequest__Output): unknown {
  if (request.inputJson.length === 0) return {};
  try {
    return JSON.parse(request.inputJson.toString('utf8'));
  } catch (cause) {
    throw new ShoalError('invalid_input', 'the input is not JSON', { cause });
  }
}

function respond(output: unknown): OperationResponse {
  return { outputJson: Buffer.from(JSON.stringify(output)) };
}

function abortWith(call: OperationsCall): AbortController {
  const abort = new AbortController();
  call.once('cancelled', () => abort.abort());
  return abort;
}

/** The implementation of the service `shoal.v1.Operations`. */
export function createOperationsHandlers(components: OperationsHandlersComponents): OperationsHandlers {
  const { dispatcher, principalOf } = components;

  const answer = async (
    call: ServerUnaryCall<OperationRequest__Output, OperationResponse>,
  ): Promise<OperationResponse> => {
    const actor = actorOf(await principalOf(call));
    const { signal } = abortWith(call);
    return respond(await dispatcher.call(call.request.operation, inputOf(call.request), actor, signal));
  };

  const stream = async (
    call: ServerWritableStream<OperationRequest__Output, OperationResponse>,
  ): Promise<void> => {
    const abort = abortWith(call);
    try {
      const actor = actorOf(await principalOf(call));
      const outputs = dispatcher.watch(call.request.operation, inputOf(call.request), actor, abort.signal);
      for await (const output of outputs) {
        if (abort.signal.aborted) return;
        if (!call.write(respond(output))) await drained(call, abort.signal);
      }
      call.end();
    } catch (thrown) {
      if (!abort.signal.aborted) call.emit('error', toServiceError(thrown));
    } finally {
      abort.abort();
    }
  };

  return {
    Call: (call, callback: sendUnaryData<OperationResponse>) => {
      answer(call).then(
        (response) => callback(null, response),
        (thrown: unknown) => callback(toServiceError(thrown)),
      );
    },
    Watch: (call) => {
      void stream(call);
    },
  };
}

/** Until the caller has taken what was written, or is gone. */
function drained(
  call: ServerWritableStream<OperationRequest__Output, OperationResponse>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    call.on('drain', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
