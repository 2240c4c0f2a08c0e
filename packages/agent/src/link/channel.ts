import { credentials } from '@grpc/grpc-js';
import {
  controllerServerName,
  type EnrollmentClient,
  explainConnectionError,
  formatAddress,
  type LinkClient,
  parseAddress,
  type ShoalError,
  services,
} from '@shoal/common';
import type { NodeIdentity } from '../enrol/stored-identity.js';

/**
 * Settings of every connection to the controller. Pings tell within 15 s that the other side is gone; a connection of its own for each client,
 * whose backoff is ours and not the pool's; batches of logs may be larger than gRPC's usual 4 MiB.
 */
const channelOptions = {
  'grpc.ssl_target_name_override': controllerServerName,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  'grpc.max_send_message_length': 16 * 1024 * 1024,
  'grpc.enable_retries': 0,
};

/** Port of the controller's gRPC door. */
export const defaultControllerPort = 9898;

/** A client for enrolling: trusts this CA, names nobody. */
export function enrollmentClient(controller: string, caPem: string): EnrollmentClient {
  return new (services().Enrollment)(
    formatAddress(parseAddress(controller, defaultControllerPort)),
    credentials.createSsl(Buffer.from(caPem)),
    channelOptions,
  );
}

/** A client for renewing the certificate, by the certificate. */
export function renewalClient(controller: string, identity: NodeIdentity): EnrollmentClient {
  return new (services().Enrollment)(
    formatAddress(parseAddress(controller, defaultControllerPort)),
    nodeCredentials(identity),
    channelOptions,
  );
}

/** A client for the link, by the node's certificate. */
export function linkClient(controller: string, identity: NodeIdentity): LinkClient {
  return new (services().Link)(
    formatAddress(parseAddress(controller, defaultControllerPort)),
    nodeCredentials(identity),
    channelOptions,
  );
}

function nodeCredentials(identity: NodeIdentity): ReturnType<typeof credentials.createSsl> {
  return credentials.createSsl(
    Buffer.from(identity.caPem),
    Buffer.from(identity.keyPem),
    Buffer.from(identity.certificatePem),
  );
}

/** What an error of the connection to the controller means for a node, and what to do. */
export function explainConnection(error: ShoalError): ShoalError {
  return explainConnectionError(error, {
    message: "the server presents a certificate of another CA than this node's cluster",
    hint: otherCluster,
  });
}

const otherCluster =
  'cluster.controller names a controller of another cluster, or someone stands between: nothing was sent. To move the node to that ' +
  'cluster take `cluster` out of agent.yaml, restart the agent, and put it back with a token of that cluster';
