import { credentials as grpcCredentials, Metadata } from '@grpc/grpc-js';
import type {
  OperationInput,
  OperationOutput,
  OperationsClient,
  StreamOperationName,
  UnaryOperationName,
} from '@shoal/common';
import {
  controllerServerName,
  explainConnectionError,
  fromServiceError,
  ShoalError,
  services,
} from '@shoal/common';
import type { Credentials } from './credentials.js';

/** The controller's operations by their names and types. Failures are ShoalErrors. */
export interface ControllerClient {
  call<N extends UnaryOperationName>(operation: N, input: OperationInput<N>): Promise<OperationOutput<N>>;
  /** Ends when the controller ends it or `signal` aborts. */
  watch<N extends StreamOperationName>(
    operation: N,
    input: OperationInput<N>,
    signal: AbortSignal,
  ): AsyncIterable<OperationOutput<N>>;
  close(): void;
}

function toRequest(operation: string, input: unknown): { operation: string; inputJson: Buffer } {
  return { operation, inputJson: Buffer.from(JSON.stringify(input)) };
}

function explain(error: unknown, server: string): ShoalError {
  const known = explainConnectionError(fromServiceError(error), {
    message: `The server at ${server} presents a certificate of another CA than these credentials name`,
    hint: 'They are of another cluster, or someone stands between: nothing was sent. Name the right file with --credentials or SHOAL_CREDENTIALS.',
  });
  if (known.code === 'unavailable' && known.hint === undefined) {
    return new ShoalError('unavailable', `The controller at ${server} can't be reached: ${known.message}`, {
      hint: 'Is it running (`shoal controller run`, or `systemctl status shoal-controller`)? On a node, `shoal status --local` and `shoal members --local` answer without it.',
      cause: error,
    });
  }
  return known;
}

/** A client of the controller's gRPC by an operator's credentials. It dials at the first call; a call gives up after `timeoutMs` (default 30 s; a dry run on nodes may take longer). */
export function connect(to: Credentials, options: { timeoutMs?: number } = {}): ControllerClient {
  const channel = grpcCredentials.createSsl(
    Buffer.from(to.caPem),
    Buffer.from(to.keyPem),
    Buffer.from(to.certificatePem),
  );
  const client: OperationsClient = new (services().Operations)(to.server, channel, {
    'grpc.ssl_target_name_override': controllerServerName,
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': 16 * 1024 * 1024,
  });
  const timeoutMs = options.timeoutMs ?? 30_000;
  return {
    call: (operation, input) =>
      new Promise((resolve, reject) => {
        const deadline = new Date(Date.now() + timeoutMs);
        client.Call(toRequest(operation, input), new Metadata(), { deadline }, (error, response) => {
          if (error !== null) reject(explain(error, to.server));
          else resolve(JSON.parse((response?.outputJson ?? Buffer.from('null')).toString('utf8')));
        });
      }),
    async *watch(operation, input, signal) {
      const stream = client.Watch(toRequest(operation, input));
      const cancel = (): void => stream.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        for await (const response of stream as AsyncIterable<{ outputJson: Buffer }>) {
          yield JSON.parse(response.outputJson.toString('utf8'));
        }
      } catch (error) {
        if (!signal.aborted) throw explain(error, to.server);
      } finally {
        signal.removeEventListener('abort', cancel);
        cancel();
      }
    },
    close: () => client.close(),
  };
}
