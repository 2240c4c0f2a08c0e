import { type KeyObject, X509Certificate } from 'node:crypto';
import { Metadata, type ServerDuplexStream, status } from '@grpc/grpc-js';
import {
  type AgentMessage__Output,
  type ControllerMessage,
  type FullOfferRequest__Output,
  type LinkHandlers,
  type Logger,
  ShoalError,
  type SignedDocument,
  type StepEvent__Output,
  toServiceError,
  version,
} from '@shoal/common';
import type { Leases } from '../license/leases.js';
import type { StepEvents } from '../rollout/step-events.js';
import type { LogStorage, StatStorage } from '../services.js';
import type { Admission } from './admission.js';
import { serveBulk } from './bulk.js';
import type { Callers } from './callers.js';
import type { DrainRequests } from './drain-requests.js';
import type { EventBus } from './event-bus.js';
import type { Nodes } from './nodes.js';
import { Session, type SessionListener } from './session.js';

/** Seconds between an agent's reports when nothing changes. */
const reportIntervalS = 30;
/** An agent that opened a link must begin it within this time, ms. */
const beginWithinMs = 10_000;

/** What the link needs of the rest. */
export interface LinkComponents {
  readonly clusterId: string;
  readonly callers: Callers;
  readonly nodes: Nodes;
  readonly drains: DrainRequests;
  readonly leases: Leases;
  readonly stepEvents: StepEvents;
  readonly events: EventBus;
  readonly logs: LogStorage;
  readonly stats: StatStorage;
  readonly admission: Admission;
  readonly logger: Logger;
  readonly gossipKeys: () => readonly Buffer[];
  /** Newest revision; 0: none yet. */
  readonly latestRevision: () => number;
  /** Addresses to join the gossip by, for an agent that dialed the controller at this authority (`host:port`). */
  readonly gossipSeeds: (authority: string) => readonly string[];
  /** Aborts when the controller stops: bulk streams end. */
  readonly stopping: AbortSignal;
  /** Where the node stands, as its agent says now. */
  readonly siteSeen: (node: string, site: string) => void;
}

type ControlStream = ServerDuplexStream<AgentMessage__Output, ControllerMessage>;

/** The agents' links: `Link` of proto/shoal/v1/link.proto. */
export function createLinkHandlers(parts: LinkComponents): LinkHandlers {
  const { callers, logs, stats, logger, stopping } = parts;
  return {
    Control: (call) => serveControl(call, parts),
    ShipLogs: (call) => {
      refusing(call, () => {
        const { name } = callers.node(call);
        const append = (spoolId: string, records: Parameters<LogStorage['append']>[2]): Promise<number> =>
          stillNode(name, parts, () => logs.append(name, spoolId, records));
        void serveBulk(
          call,
          ({ spoolId, records }) => ({ spoolId, records }),
          append,
          logger.child({ node: name, bulk: 'logs' }),
          stopping,
        );
      });
    },
    ShipStats: (call) => {
      refusing(call, () => {
        const { name } = callers.node(call);
        const append = (spoolId: string, samples: Parameters<StatStorage['append']>[2]): Promise<number> =>
          stillNode(name, parts, () => stats.append(name, spoolId, samples));
        void serveBulk(
          call,
          ({ spoolId, samples }) => ({ spoolId, records: samples }),
          append,
          logger.child({ node: name, bulk: 'stats' }),
          stopping,
        );
      });
    },
  };
}

/** A bulk stream outlives the removal of its node only until the next batch. */
async function stillNode(
  name: string,
  { nodes }: LinkComponents,
  append: () => Promise<number>,
): Promise<number> {
  if (!nodes.has(name)) throw new ShoalError('unauthenticated', `No node "${name}" is enrolled`);
  return append();
}

/** Runs `body`; what it throws ends the call. */
function refusing(call: { emit(event: 'error', error: Error): boolean }, body: () => void): void {
  try {
    body();
  } catch (error) {
    call.emit('error', toServiceError(error));
  }
}

function publicKeyOf(call: ControlStream): KeyObject | undefined {
  const certificate = call.getAuthContext()?.sslPeerCertificate?.raw;
  return certificate === undefined ? undefined : new X509Certificate(certificate).publicKey;
}

function retryLater(ms: number): Error {
  const metadata = new Metadata();
  metadata.set('retry-after-ms', String(ms));
  const details = 'Many agents open their links now; come back later';
  return Object.assign(new Error(details), { code: status.RESOURCE_EXHAUSTED, details, metadata });
}

function serveControl(call: ControlStream, parts: LinkComponents): void {
  refusing(call, () => {
    // Its agent was away when the node was removed: it hears of it now, leaves the gossip and stops asking.
    if (parts.callers.wasRemoved(call)) call.write({ sequence: 1, removed: true });
    const { name } = parts.callers.node(call);
    const waitMs = parts.admission.admit();
    if (waitMs > 0) {
      call.emit('error', retryLater(waitMs));
      return;
    }
    new ControlLink(call, name, parts).run();
  });
}

/** Ties one control stream to its session. */
class ControlLink implements SessionListener {
  readonly #call: ControlStream;
  readonly #node: string;
  readonly #parts: LinkComponents;
  readonly #session: Session;
  readonly #timer: NodeJS.Timeout;

  constructor(call: ControlStream, node: string, parts: LinkComponents) {
    this.#call = call;
    this.#node = node;
    this.#parts = parts;
    this.#session = new Session(node, call, this, (reason) => this.#finish(reason), publicKeyOf(call));
    this.#timer = setTimeout(() => {
      if (!this.#session.begun)
        this.#fail(new ShoalError('deadline_exceeded', 'The link was not begun in time'));
    }, beginWithinMs);
  }

  run(): void {
    this.#call.on('data', (message: AgentMessage__Output) => this.#receive(message));
    this.#call.on('end', () => this.#session.close());
    this.#call.on('cancelled', () => this.#session.close());
    this.#call.on('error', () => this.#session.close());
  }

  #receive(message: AgentMessage__Output): void {
    try {
      if (!this.#session.begun) this.#begin(message);
      this.#session.receive(message);
    } catch (error) {
      this.#fail(ShoalError.from(error));
    }
  }

  #begin({ hello }: AgentMessage__Output): void {
    // Removed since the stream was opened: it is told so by the next call.
    if (!this.#parts.nodes.has(this.#node))
      throw new ShoalError('unauthenticated', `No node "${this.#node}" is enrolled`);
    if (hello === null) return;
    const { nodes, drains, leases, clusterId, gossipKeys, gossipSeeds, siteSeen, logger } = this.#parts;
    siteSeen(this.#node, hello.site);
    leases.lastSerial(this.#node, hello.leaseSerial);
    const lease = this.#lease(leases);
    nodes.connected(this.#session, lease !== undefined);
    const welcome = {
      clusterId,
      controllerVersion: version,
      gossipSeeds: [...gossipSeeds(this.#call.getHost())],
      reportIntervalS,
    };
    this.#session.welcome(welcome, gossipKeys(), lease);
    this.#session.drain(drains.get(this.#node));
    logger.info(
      { node: this.#node, agentVersion: hello.agentVersion, peer: this.#call.getPeer() },
      'agent linked',
    );
  }

  /** A link without a fresh lease is better than none: the agent lives on the one before, and gets it as soon as it can be granted. */
  #lease(leases: Leases): SignedDocument | undefined {
    try {
      return leases.grant(this.#node);
    } catch (error) {
      this.#parts.logger.error({ err: error, node: this.#node }, 'no lease granted');
      return undefined;
    }
  }

  reported(...[report, hello]: Parameters<SessionListener['reported']>): void {
    this.#parts.nodes.reported(this.#node, report, hello);
  }

  stepEvents(events: readonly StepEvent__Output[]): void {
    const latest = this.#parts.latestRevision();
    for (const { revision, service, step, kind, text, atMs } of events) {
      // What no rollout can have would be kept under keys without end.
      if (!Number.isInteger(revision) || revision < 1 || revision > latest) continue;
      const event = { node: this.#node, revision, service, step, kind, text, at: atMs };
      const kept = this.#parts.stepEvents.append(event);
      if (kept !== undefined) this.#parts.events.publish({ type: 'step', event: kept });
    }
  }

  fullOfferAsked({ revision, hash, reason }: FullOfferRequest__Output): void {
    this.#parts.logger.warn({ node: this.#node, revision, hash, reason }, 'the node wants whole manifests');
    this.#parts.nodes.reconcile(this.#node);
  }

  seen(): void {
    this.#parts.nodes.seen(this.#node);
  }

  #fail(error: ShoalError): void {
    this.#parts.logger.warn({ err: error, node: this.#node }, 'link refused');
    this.#session.close(error);
  }

  #finish(reason: ShoalError | undefined): void {
    clearTimeout(this.#timer);
    this.#parts.nodes.disconnected(this.#session);
    if (this.#call.cancelled) return;
    if (reason === undefined) this.#call.end();
    else this.#call.emit('error', toServiceError(reason));
  }
}
