import { setTimeout as delay } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import {
  canonicalJson,
  controllerServerName,
  createKeyAndCsr,
  createLogger,
  type EnrollmentClient,
  fetchCaByFingerprint,
  fromServiceError,
  type Identity__Output,
  type Manifest,
  type NodeReport,
  parseAddress,
  parseJoinToken,
  services,
} from '@shoal/common';
import type { NodeIdentity } from '../packages/agent/src/enrol/stored-identity.js';
import type { ControllerLink } from '../packages/agent/src/link/link.js';
import type { Arrival } from './propagation-messages.js';

const agent = new URL('../../packages/agent/dist', import.meta.url).pathname;
const { ControllerLink: Link } = (await import(
  `${agent}/link/link.js`
)) as typeof import('../packages/agent/src/link/link.js');
const { identityOf } = (await import(
  `${agent}/enrol/stored-identity.js`
)) as typeof import('../packages/agent/src/enrol/stored-identity.js');

const logger = createLogger({ name: 'link', level: 'silent' });
/** Links that one worker opens in a second: the controller admits 200 of all workers together. */
const linksPerSecond = 40;

/** Nodes of one worker: the agents' own links, with certificates of their own, and no host behind them. */
export class Links {
  readonly #controller: string;
  readonly #arrivals: Arrival[] = [];
  readonly #connected = new Set<string>();
  #newest: Manifest | undefined;

  constructor(controller: string) {
    this.#controller = controller;
  }

  /** Enrolls the nodes, opens their links, and resolves once all of them stand. */
  async open(token: string, nodes: readonly string[]): Promise<void> {
    const identities = await this.#enroll(token, nodes);
    for (const identity of identities) {
      this.#link(identity).start();
      await delay(1000 / linksPerSecond);
    }
    while (this.#connected.size < nodes.length) await delay(50);
  }

  /** What arrived since the last call. */
  collect(): Arrival[] {
    return this.#arrivals.splice(0);
  }

  /** Size of the manifest that arrived last; 0: none did. */
  manifestBytes(): number {
    return this.#newest === undefined ? 0 : Buffer.byteLength(canonicalJson(this.#newest));
  }

  async #enroll(token: string, nodes: readonly string[]): Promise<NodeIdentity[]> {
    const { caFingerprint, clusterId, secret } = parseJoinToken(token);
    const { host, port } = parseAddress(this.#controller);
    const caPem = await fetchCaByFingerprint({ host, port, fingerprint: caFingerprint, timeoutMs: 30_000 });
    const ssl = credentials.createSsl(Buffer.from(caPem));
    const name = { 'grpc.ssl_target_name_override': controllerServerName };
    const client = new (services().Enrollment)(this.#controller, ssl, name);
    const identities: NodeIdentity[] = [];
    for (const node of nodes) {
      const { keyPem, csrPem } = await createKeyAndCsr();
      const request = { secret, clusterId, node, site: 'default', csrPem, agentVersion: 'bench' };
      identities.push(identityOf(await enroll(client, request), keyPem, Date.now()));
    }
    client.close();
    return identities;
  }

  /** Runs what it is offered as soon as the link has verified it. */
  #link(identity: NodeIdentity): ControllerLink {
    const { node } = identity;
    let running: { readonly manifest: Manifest; readonly hash: string } | undefined;
    let report: NodeReport = { full: true, state: 'IDLE', services: [], attempt: 0 };
    const nothing = (): void => undefined;
    const link = new Link({
      controller: this.#controller,
      logger,
      identity: () => identity,
      hello: () => ({
        agentVersion: 'bench',
        instanceId: node,
        facts: {},
        site: 'default',
        gossipAddress: '',
      }),
      report: () => report,
      members: () => [],
      offered: (manifest, hash, { attempt = 0 }) => {
        const { revision } = manifest;
        this.#newest = manifest;
        running = { manifest, hash };
        this.#arrivals.push({ name: node, revision, at: now() });
        report = { ...report, runningHash: hash, runningRevision: revision, attempt };
        link.reportChanged();
      },
      held: (hash) => (running?.hash === hash ? running.manifest : undefined),
      check: async () => [],
      repair: async () => ({ repaired: [], failure: null }),
      leased: nothing,
      gossipKeys: nothing,
      seeds: nothing,
      drained: nothing,
      removed: nothing,
      connected: (connected) => {
        if (connected) this.#connected.add(node);
        else this.#connected.delete(node);
      },
    });
    return link;
  }
}

/** ms since the epoch, with fractions. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

function enroll(
  client: EnrollmentClient,
  request: Parameters<EnrollmentClient['Enroll']>[0],
): Promise<Identity__Output> {
  return new Promise((resolve, reject) => {
    client.Enroll(request, (error, answer) =>
      answer === undefined ? reject(fromServiceError(error)) : resolve(answer),
    );
  });
}
