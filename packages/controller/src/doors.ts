import {
  type Logger,
  parseAddress,
  services as proto,
  type RenewRequest__Output,
  ShoalError,
} from '@shoal/common';
import type { ClusterIdentity } from './cluster/cluster-identity.js';
import type { Membership } from './cluster/membership.js';
import type { ServerCertificate } from './cluster/server-certificate.js';
import type { ControllerConfig } from './config.js';
import { Admission } from './link/admission.js';
import { Callers } from './link/callers.js';
import { type GrpcService, type RunningGrpcServer, startGrpcServer, unary } from './link/grpc-server.js';
import { createLinkHandlers } from './link/link-service.js';
import { MutualTlsCredentials } from './link/mutual-tls.js';
import type { Dispatcher } from './operations/dispatcher.js';
import { createOperationsHandlers } from './operations/grpc-handlers.js';
import type { LogStorage, StatStorage } from './services.js';
import type { ControllerState } from './state.js';
import type { Store } from './store/store.js';

/** New links a second. */
const linksPerSecond = 200;

/** What the gRPC door is made of. */
export interface GrpcDoorComponents {
  readonly config: ControllerConfig;
  readonly cluster: ClusterIdentity;
  readonly state: ControllerState;
  readonly store: Store;
  readonly membership: Membership;
  readonly certificate: ServerCertificate;
  readonly dispatcher: Dispatcher;
  readonly logs: LogStorage;
  readonly stats: StatStorage;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Addresses to join the gossip by: this controller's own first, then other members. An own address that stands for "everywhere" is told as the
 * host by which the caller reached us.
 */
function gossipSeeds({ config, membership }: GrpcDoorComponents, authority: string): string[] {
  const bound = parseAddress(membership.address);
  const advertised = config.gossip.advertise;
  const isWildcard = ['0.0.0.0', '::'].includes(parseAddress(config.gossip.listen).host);
  const dialed = hostOf(authority);
  const host =
    advertised === undefined ? (isWildcard && dialed !== '' ? dialed : bound.host) : hostOf(advertised);
  const own = host.includes(':') ? `[${host}]:${bound.port}` : `${host}:${bound.port}`;
  return [...new Set([own, ...membership.peers()])].slice(0, 20);
}

function hostOf(authority: string): string {
  try {
    return parseAddress(authority, 0).host;
  } catch {
    return '';
  }
}

function enrollment(parts: GrpcDoorComponents, callers: Callers): GrpcService {
  const { enrolment } = parts.state;
  return {
    definition: proto().Enrollment.service,
    handlers: {
      Enroll: unary<Parameters<typeof enrolment.enroll>[0], object>((call) =>
        enrolment.enroll(call.request, gossipSeeds(parts, call.getHost())),
      ),
      Renew: unary<RenewRequest__Output, object>(async (call) => {
        const { name } = callers.node(call);
        return enrolment.renew(name, call.request.csrPem, gossipSeeds(parts, call.getHost()));
      }),
    },
  };
}

/** Starts the gRPC door: enrollment, links, operations. Stopping it tells every agent, so that they come back later. */
export async function openGrpcDoor(parts: GrpcDoorComponents): Promise<RunningGrpcServer> {
  const stopping = new AbortController();
  const { cluster, state, certificate, now } = parts;
  const { nodes, drains, leases, stepEvents, events } = state;
  const callers = new Callers({
    clusterId: cluster.id,
    caPem: cluster.authority.certificatePem,
    isRevoked: (serial) => nodes.isRevoked(serial),
    isNode: (name) => nodes.has(name),
    now,
  });
  const link = createLinkHandlers({
    clusterId: cluster.id,
    callers,
    nodes,
    drains,
    leases,
    stepEvents,
    events,
    logs: parts.logs,
    stats: parts.stats,
    admission: new Admission(linksPerSecond, now, Math.random),
    logger: parts.logger,
    gossipKeys: () => state.gossipKeys.current(),
    latestRevision: () => state.driver.head.latest,
    gossipSeeds: (authority) => gossipSeeds(parts, authority),
    stopping: stopping.signal,
    siteSeen: (node, site) => void state.moves.seen(node, site),
  });
  const operations = createOperationsHandlers({
    dispatcher: parts.dispatcher,
    principalOf: (call) => callers.principal(call),
  });
  const credentials = new MutualTlsCredentials(certificate.current, cluster.authority.certificatePem);
  certificate.onRenewed((identity) => credentials.replace(identity));
  const server = await startGrpcServer({
    listen: parts.config.grpc.listen,
    credentials,
    services: [
      enrollment(parts, callers),
      { definition: proto().Link.service, handlers: link },
      { definition: proto().Operations.service, handlers: operations },
    ],
  });
  return {
    address: server.address,
    stop: async () => {
      stopping.abort();
      for (const session of nodes.sessions()) {
        session.close(new ShoalError('unavailable', 'The controller is stopping'));
      }
      events.close();
      await server.stop();
    },
  };
}
