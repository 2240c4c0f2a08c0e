import {
  type handleUnaryCall,
  logVerbosity,
  Server,
  type ServiceDefinition,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { formatAddress, parseAddress, ShoalError, toServiceError } from '@shoal/common';
import { AcceptedSockets } from './accepted-sockets.js';
import type { MutualTlsCredentials } from './mutual-tls.js';

/** Largest message, in bytes. */
const messageLimit = 16 * 1024 * 1024;

/** A peer that doesn't answer a ping is dropped: noticed within 15 s. */
const channelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': messageLimit,
  'grpc.max_send_message_length': messageLimit,
  'grpc.max_concurrent_streams': 1000,
} as const;

/** How long calls may take to end at a stop, ms. */
const stopTimeoutMs = 2000;

/** A service with the functions that answer it. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

/** The running gRPC server. */
export interface RunningGrpcServer {
  /** host:port, with the port that was bound. */
  readonly address: string;
  /** Ends gracefully; calls that go on, and peers that don't answer, are cut after 2 s. */
  stop(): Promise<void>;
}

/** A handler of a unary call out of a function that throws ShoalErrors. */
export function unary<Q, A>(
  answer: (call: Parameters<handleUnaryCall<Q, A>>[0]) => Promise<A>,
): handleUnaryCall<Q, A> {
  return (call, callback) => {
    const run = async (): Promise<void> => {
      try {
        callback(null, await answer(call));
      } catch (error) {
        callback(toServiceError(error));
      }
    };
    void run();
  };
}

/** Listens at `listen` (host:port). @throws ShoalError `failed_precondition` when the address can't be bound */
export async function startGrpcServer(options: {
  listen: string;
  credentials: MutualTlsCredentials;
  services: readonly GrpcService[];
}): Promise<RunningGrpcServer> {
  const { listen, credentials, services } = options;
  // The library writes to stderr what is told here as an error; who asks it to by its variable still gets that.
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
  const server = new Server(channelOptions);
  for (const { definition, handlers } of services) server.addService(definition, handlers);
  const { host } = parseAddress(listen);
  const port = await bind(server, listen, credentials);
  const sockets = new AcceptedSockets(port);
  return { address: formatAddress({ host, port }), stop: () => stop(server, sockets) };
}

function bind(server: Server, listen: string, credentials: MutualTlsCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(bindFailure(listen, error));
    });
  });
}

function bindFailure(listen: string, cause: Error): ShoalError {
  const taken = cause.message.includes('EADDRINUSE');
  const message = taken
    ? `grpc.listen: the address ${listen} is taken`
    : `grpc.listen: can't listen at ${listen}: ${cause.message}`;
  return new ShoalError('failed_precondition', message, {
    hint: taken
      ? 'Stop what listens there, or set another address: grpc.listen in controller.yaml.'
      : 'Set another address: grpc.listen in controller.yaml.',
    cause,
  });
}

async function stop(server: Server, sockets: AcceptedSockets): Promise<void> {
  const timer = setTimeout(() => {
    server.forceShutdown();
    sockets.destroy();
  }, stopTimeoutMs);
  await new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  clearTimeout(timer);
  sockets.destroy();
}
