import {
  type CertificateAuthority,
  type EnrollRequest__Output,
  hashSecret,
  type Identity,
  type Logger,
  ShoalError,
  validateNodeName,
} from '@shoal/common';
import type { GrowthGate } from '../license/growth-gate.js';
import type { Leases } from '../license/leases.js';
import { getJson, putJson, type Stored, updateJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';
import { controllerName, isSiteName, type NodeRecord, nameTaken, withCertificate } from './node-record.js';
import type { TokenRecord, Tokens } from './tokens.js';

const dayMs = 86_400_000;
/** How often a lost race is tried again. */
const attempts = 50;

/** What enrolment needs of the rest. */
export interface EnrolmentComponents {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly leases: Leases;
  readonly growth: GrowthGate;
  readonly logger: Logger;
  readonly cluster: {
    readonly id: string;
    readonly name: string;
    readonly authority: CertificateAuthority;
    readonly manifestPublicKeyPem: string;
  };
  /** Those in force, the primary first; none when the gossip isn't encrypted. */
  readonly gossipKeys: () => readonly Buffer[];
  /** A record was stored. */
  readonly stored: (record: NodeRecord) => void;
}

/** How enrolment is tuned. */
export interface EnrolmentOptions {
  /** Life of a node's certificate, ms. */
  readonly certificateTtlMs: number;
  readonly now: () => number;
}

/** Turns hosts into nodes, and keeps their certificates fresh. */
export class Enrolment {
  readonly #parts: EnrolmentComponents;
  readonly #options: EnrolmentOptions;

  constructor(parts: EnrolmentComponents, options: EnrolmentOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /**
   * Trades a token's secret and a signing request for an identity. The token's use and the node are stored in one transaction, so that of racing
   * hosts exactly as many get in as the token has uses. The same request again is a host that never got its answer: it costs no further use.
   *
   * @param gossipSeeds addresses for this caller to join the gossip by
   * @throws ShoalError `unauthenticated` (token), `already_exists` (name), `invalid_input` (name, site or signing request), `resource_exhausted` (license)
   */
  async enroll(request: EnrollRequest__Output, gossipSeeds: readonly string[]): Promise<Identity> {
    const { cluster, store, tokens, growth, logger } = this.#parts;
    checkRequest(request, cluster.id);
    const { node: name } = request;
    const place = { name, site: request.site === '' ? 'default' : request.site };
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const present = await getJson<NodeRecord>(store, keys.node(name));
      const repeated = present !== undefined && isSameRequest(present.value, request);
      const token = await tokens.find(request.secret, repeated);
      if (repeated) return this.renew(name, request.csrPem, gossipSeeds);
      if (name === controllerName || present !== undefined) throw nameTaken(name);
      growth.check(place);
      const issued = await this.#issue(name, request.csrPem);
      const record: NodeRecord = {
        ...place,
        enrolledAt: this.#options.now(),
        agentVersion: request.agentVersion.slice(0, 100),
        enrolledBy: hashesOf(request),
        certificates: [{ serial: issued.serial, notAfter: issued.notAfter }],
      };
      const isStored = await growth.enroll(place, () => this.#store(record, token));
      if (!isStored) continue;
      logger.info({ node: name, site: record.site, by: token.value.id }, 'node enrolled');
      return this.#identity(name, issued.certificatePem, gossipSeeds);
    }
    throw new ShoalError('unavailable', 'Too many hosts enroll by this token at once', {
      hint: 'Try again.',
    });
  }

  /** The use of the token and the node, at once; false when either changed meanwhile. */
  async #store(record: NodeRecord, token: Stored<TokenRecord>): Promise<boolean> {
    const { store, tokens, stored } = this.#parts;
    const { committed } = await store.transact({
      compare: [
        { key: keys.token(token.value.secretHash), modRevision: token.modRevision },
        { key: keys.node(record.name), modRevision: 0 },
      ],
      writes: [tokens.useWrite(token.value), putJson(keys.node(record.name), record)],
    });
    if (committed) stored(record);
    return committed;
  }

  /** A fresh certificate for a node that has a good one. @throws ShoalError `invalid_input`, `not_found` */
  async renew(name: string, csrPem: string, gossipSeeds: readonly string[]): Promise<Identity> {
    const { store, stored, logger } = this.#parts;
    const issued = await this.#issue(name, csrPem);
    const certificate = { serial: issued.serial, notAfter: issued.notAfter };
    const record = await updateJson<NodeRecord>(store, keys.node(name), (present) =>
      present === undefined ? undefined : withCertificate(present, certificate, this.#options.now()),
    );
    if (record === undefined) throw new ShoalError('not_found', `No node "${name}"`);
    stored(record);
    const notAfter = new Date(issued.notAfter).toISOString();
    logger.info({ node: name, notAfter }, 'node certificate renewed');
    return this.#identity(name, issued.certificatePem, gossipSeeds);
  }

  #issue(node: string, csrPem: string): ReturnType<CertificateAuthority['issueNode']> {
    const { id: clusterId, authority } = this.#parts.cluster;
    const days = this.#options.certificateTtlMs / dayMs;
    return authority.issueNode({ csrPem, clusterId, node, days, now: this.#options.now() });
  }

  #identity(node: string, certificatePem: string, gossipSeeds: readonly string[]): Identity {
    const { cluster, gossipKeys, leases } = this.#parts;
    return {
      clusterId: cluster.id,
      clusterName: cluster.name,
      node,
      certificatePem,
      caPem: cluster.authority.certificatePem,
      manifestPublicKeyPem: cluster.manifestPublicKeyPem,
      gossipKeys: [...gossipKeys()],
      gossipSeeds: [...gossipSeeds],
      lease: leases.grant(node),
    };
  }
}

function hashesOf({ secret, csrPem }: EnrollRequest__Output): { secret: string; csr: string } {
  return { secret: hashSecret(secret), csr: hashSecret(csrPem) };
}

function isSameRequest({ enrolledBy }: NodeRecord, request: EnrollRequest__Output): boolean {
  const { secret, csr } = hashesOf(request);
  return enrolledBy?.secret === secret && enrolledBy.csr === csr;
}

function checkRequest(request: EnrollRequest__Output, clusterId: string): void {
  if (request.clusterId !== clusterId) {
    throw new ShoalError('unauthenticated', 'The join token is for another cluster', {
      hint: 'Make one on this controller: shoal token create',
    });
  }
  validateNodeName(request.node);
  if (request.site !== '' && !isSiteName(request.site)) {
    throw new ShoalError(
      'invalid_input',
      `site: expected 1 to 63 of a-z, 0-9, '-' and '.', found ${JSON.stringify(request.site.slice(0, 80))}`,
    );
  }
}
