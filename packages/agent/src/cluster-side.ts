import { setTimeout as pause } from 'node:timers/promises';
import {
  type GossipKeyState,
  type GossipKeysReport,
  type Hello,
  type JoinToken,
  type Logger,
  ShoalError,
  version,
} from '@shoal/common';
import type { AgentConfig } from './config.js';
import type { Converger } from './converge/converger.js';
import { type ClusterConfig, enrollUntilDone, readToken } from './enrol/enroll.js';
import { clearPendingKey, pendingKey } from './enrol/pending-key.js';
import { clearRemovedMark, readRemovedMark, writeRemovedMark } from './enrol/removed-mark.js';
import { CertificateRenewal } from './enrol/renew.js';
import type { IdentityFile, NodeIdentity } from './enrol/stored-identity.js';
import { leaseReport, longestWait, whyNoManifests } from './lease/lease-contact.js';
import type { LeaseDeed, LeaseKeeper } from './lease/lease-keeper.js';
import type { Backoff } from './link/backoff.js';
import { logBatch, statBatch } from './link/batches.js';
import { ControllerLink } from './link/link.js';
import { Shipper } from './link/shipper.js';
import { KeyChanges } from './membership/key-changes.js';
import type { Membership } from './membership/membership.js';
import { Presence } from './membership/presence.js';
import type { SpooledLine } from './observe/log-collector.js';
import type { Spool } from './observe/spool/spool.js';
import type { SpooledSample } from './observe/stat-collector.js';
import { StandingProblem } from './standing-problem.js';

/** What an agent in a cluster needs besides what every agent has. */
export interface ClusterSideOptions {
  readonly config: AgentConfig;
  readonly cluster: ClusterConfig;
  readonly logger: Logger;
  readonly identityFile: IdentityFile;
  /** The identity on disk; undefined: to be enrolled. */
  readonly identity: NodeIdentity | undefined;
  readonly instanceId: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly membership: Membership;
  readonly lease: LeaseKeeper;
  readonly converger: Converger;
  readonly logs: Spool<SpooledLine>;
  readonly stats: Spool<SpooledSample>;
  /** The controller took the node out: what belonged to the cluster is to be forgotten. */
  removed(): Promise<void>;
  /** Waits between tries to reach the controller; for tests. */
  readonly backoff?: () => Backoff;
}

/** Longest wait, spread at random, between seeing a controller in the gossip and dialing it, milliseconds. */
const nudgeMs = 2000;

/** What ties the agent to its cluster: enrolment once, then gossip, link, shipping and certificate renewal. */
export class ClusterSide {
  /** Why this node isn't in the cluster yet, until it is. */
  readonly problem: StandingProblem = new StandingProblem();
  readonly #options: ClusterSideOptions;
  readonly #abort = new AbortController();
  #identity: NodeIdentity | undefined;
  #link: ControllerLink | undefined;
  #logShipper: Shipper<SpooledLine, ReturnType<typeof logBatch>> | undefined;
  #statShipper: Shipper<SpooledSample, ReturnType<typeof statBatch>> | undefined;
  #renewal: CertificateRenewal | undefined;
  #keyChanges: KeyChanges | undefined;
  #presence: Presence | undefined;
  #enrolling: Promise<void> = Promise.resolve();
  #removed = false;
  #welcomed = false;

  constructor(options: ClusterSideOptions) {
    this.#options = options;
    this.#identity = options.identity;
  }

  get identity(): NodeIdentity | undefined {
    return this.#identity;
  }

  get link(): ControllerLink | undefined {
    return this.#link;
  }

  get mode(): 'enrolling' | 'clustered' | 'removed' {
    if (this.#removed) return 'removed';
    return this.#identity === undefined ? 'enrolling' : 'clustered';
  }

  /** Begins. A node that is enrolled joins the gossip at once (throws when the address is taken); another one enrolls first, in the background. */
  async start(): Promise<void> {
    if (this.#identity !== undefined) {
      await this.#warnOfOtherCluster(this.#identity);
      await this.#begin(this.#identity);
      return;
    }
    this.#enrolling = this.#enroll().catch((thrown: unknown) => {
      if (this.#abort.signal.aborted) return;
      const error = ShoalError.from(thrown);
      this.problem.set('joining the cluster', error);
      this.#options.logger.error(
        { code: error.code, reason: error.message, hint: error.hint },
        'joining the cluster failed',
      );
    });
  }

  /** Ends the link and leaves the gossip gracefully. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#enrolling;
    await this.#endLink();
    await this.#presence?.stop();
    await this.#options.membership.leave();
  }

  /** Does what the lease wants of the cluster's side. */
  leaseWants({ kind }: LeaseDeed): void {
    if (kind === 'joinGossip') this.#presence?.want(true);
    if (kind === 'takeManifests') this.#link?.takeManifests();
    if (kind === 'leaveGossip') this.#presence?.want(false);
    // Each new link brings a lease.
    if (kind === 'renew') this.#link?.redial('asking for a lease');
  }

  /** A controller was seen in the gossip: no need to wait for the next try. */
  controllerSeen(): void {
    const timer = setTimeout(() => this.#link?.nudge(), Math.random() * nudgeMs);
    timer.unref();
  }

  async #enroll(): Promise<void> {
    const { config, cluster, logger, identityFile } = this.#options;
    if (await this.#stillRemoved()) return;
    logger.info({ controller: cluster.controller, node: config.node.name }, 'enrolling');
    const enrolled = await enrollUntilDone({
      node: config.node,
      cluster,
      logger,
      signal: this.#abort.signal,
      key: () => pendingKey(config.dataDir),
      keep: (identity) => identityFile.save(identity),
      problem: this.problem,
      ...(this.#options.backoff === undefined ? {} : { backoff: this.#options.backoff() }),
    });
    this.#identity = enrolled.identity;
    await clearPendingKey(config.dataDir);
    await clearRemovedMark(config.dataDir);
    await identityFile.forgetAside();
    logger.info({ cluster: enrolled.identity.clusterName, node: enrolled.identity.node }, 'enrolled');
    if (enrolled.lease !== null) await this.#leased(enrolled.lease);
    await this.#beginUntilDone(enrolled.identity);
  }

  /** A node that was removed comes back by a new token only. */
  async #stillRemoved(): Promise<boolean> {
    const mark = await readRemovedMark(this.#options.config.dataDir);
    if (mark === undefined) return false;
    const tokenId = (await this.#tokenOrNone())?.id ?? '';
    if (tokenId !== mark.tokenId) return false;
    this.#removed = true;
    this.#options.logger.warn(
      { hint: 'to bring it back configure a new join token (`shoal token create`) and restart the agent' },
      'this node was removed from its cluster; services go on, nothing else does',
    );
    return true;
  }

  async #tokenOrNone(): Promise<JoinToken | undefined> {
    return await readToken(this.#options.cluster).catch(() => undefined);
  }

  /** The gossip's address may be taken for a while only: a node that just enrolled tries on. */
  async #beginUntilDone(identity: NodeIdentity): Promise<void> {
    for (;;) {
      try {
        await this.#begin(identity);
        return this.problem.clear();
      } catch (thrown) {
        const error = ShoalError.from(thrown);
        this.problem.set('joining the gossip', error);
        this.#options.logger.error(
          { reason: error.message, hint: error.hint },
          'joining the gossip failed; trying again',
        );
        await pause(5000, undefined, { signal: this.#abort.signal });
      }
    }
  }

  async #begin(identity: NodeIdentity): Promise<void> {
    const { cluster, logger, membership } = this.#options;
    await this.#enterGossip(identity);
    if (this.#abort.signal.aborted) return;
    const link = this.#makeLink(cluster.controller);
    this.#link = link;
    this.#keyChanges = new KeyChanges({
      logger,
      stored: decodeKeys(identity.gossipKeys),
      store: (keys) => this.#storeKeys(keys),
      use: (keys) => membership.useKeys(keys),
      changed: () => link.reportChanged(),
    });
    this.#logShipper = new Shipper({
      spool: this.#options.logs,
      open: () => link.client?.shipLogs(),
      batch: logBatch,
      logger,
      what: 'logs',
    });
    this.#statShipper = new Shipper({
      spool: this.#options.stats,
      open: () => link.client?.shipStats(),
      batch: statBatch,
      logger,
      what: 'stats',
    });
    this.#renewal = new CertificateRenewal({
      controller: cluster.controller,
      logger,
      identity: () => this.#identity ?? identity,
      renewed: async (fresh) => {
        // The keys that the link told are newer, or the same.
        await this.#keep({ ...fresh, gossipKeys: (this.#identity ?? identity).gossipKeys });
        link.redial('the certificate was renewed');
      },
    });
    link.start();
    this.#renewal.start();
  }

  /** A node without a lease keeps out until it has one. */
  async #enterGossip(identity: NodeIdentity): Promise<void> {
    const { membership, logger, lease } = this.#options;
    const entry = () => {
      const { gossipSeeds, gossipKeys } = this.#identity ?? identity;
      return { seeds: gossipSeeds, keys: decodeKeys(gossipKeys) };
    };
    const isIn = lease.demands.gossip;
    if (isIn) await membership.start(entry().seeds, entry().keys);
    this.#presence = new Presence({ membership, logger, entry }, isIn);
    this.#presence.want(lease.demands.gossip);
  }

  #makeLink(controller: string): ControllerLink {
    const { logger, membership, converger, backoff, lease } = this.#options;
    const known = (): NodeIdentity => {
      if (this.#identity === undefined) throw new ShoalError('internal', 'a link without an identity');
      return this.#identity;
    };
    return new ControllerLink({
      controller,
      logger,
      ...(backoff === undefined ? {} : { backoff: backoff() }),
      identity: known,
      hello: () => this.#hello(),
      report: () => ({
        ...converger.report(),
        gossipKeys: gossipKeysReport(membership.keyState()),
        lease: leaseReport(lease),
      }),
      refuses: () => whyNoManifests(lease),
      longestWait: () => longestWait(lease.state),
      members: () => membership.members(),
      offered: (manifest, hash, options) => converger.offer(manifest, hash, options),
      drained: (services) => void converger.drain(services),
      held: (hash) => converger.held(hash),
      check: (manifest, secrets) => converger.check(manifest, secrets),
      repair: (service) => converger.repair(service),
      leased: (document) => void this.#leased(document),
      gossipKeys: (keys) => this.#keyChanges?.take(keys),
      seeds: (seeds) => this.#useSeeds(seeds),
      removed: () => void this.#leaveForGood(),
      connected: (connected) => this.#connected(connected),
    });
  }

  #hello(): Hello {
    const { instanceId, facts, config, membership, lease } = this.#options;
    const { site } = config.node;
    return {
      agentVersion: version,
      instanceId,
      facts: { ...facts },
      site,
      gossipAddress: membership.address,
      leaseSerial: lease.lastSerial(this.#identity?.clusterId ?? ''),
    };
  }

  #connected(connected: boolean): void {
    if (connected) {
      this.#welcomed = true;
      this.#logShipper?.resume();
      this.#statShipper?.resume();
    } else {
      this.#logShipper?.pause();
      this.#statShipper?.pause();
    }
  }

  async #leased(document: Parameters<LeaseKeeper['accept']>[0]): Promise<void> {
    if (this.#identity === undefined) return;
    try {
      await this.#options.lease.accept(document, this.#identity);
    } catch (thrown) {
      this.#options.logger.error({ reason: ShoalError.from(thrown).message }, 'a lease was refused');
    }
  }

  async #storeKeys(keys: readonly Buffer[]): Promise<void> {
    if (this.#identity === undefined || this.#removed) return;
    const gossipKeys = keys.map((key) => key.toString('base64'));
    this.#identity = { ...this.#identity, gossipKeys };
    await this.#options.identityFile.save(this.#identity);
  }

  #useSeeds(seeds: readonly string[]): void {
    this.#options.membership.addSeeds(seeds);
    if (this.#identity === undefined || seeds.length === 0) return;
    if (JSON.stringify(seeds) === JSON.stringify(this.#identity.gossipSeeds)) return;
    void this.#keep({ ...this.#identity, gossipSeeds: seeds });
  }

  async #keep(identity: NodeIdentity): Promise<void> {
    if (this.#removed) return;
    this.#identity = identity;
    await this.#options.identityFile.save(identity).catch((thrown: unknown) => {
      this.#options.logger.error({ reason: ShoalError.from(thrown).message }, 'storing the identity failed');
    });
  }

  async #leaveForGood(): Promise<void> {
    if (this.#removed) return;
    const { logger, identityFile, membership, config } = this.#options;
    this.#removed = true;
    // Of what happened while it was standalone it hears only now: its token may be there to bring it back.
    const hadLeft = identityFile.cameBack && !this.#welcomed;
    logger.warn(
      {
        cluster: this.#identity?.clusterName,
        ...(hadLeft ? { hint: 'restart the agent to enroll anew by the join token' } : {}),
      },
      'the controller removed this node; services go on',
    );
    // What fails doesn't keep the rest from being done. A node that couldn't note it keeps its identity, and is told again after a restart.
    await this.#attempt(async () => {
      const tokenId = hadLeft ? '' : ((await this.#tokenOrNone())?.id ?? '');
      await writeRemovedMark(config.dataDir, { clusterId: this.#identity?.clusterId ?? '', tokenId });
      await identityFile.remove();
    });
    await this.#attempt(() => this.#endLink());
    await this.#attempt(async () => this.#presence?.stop());
    await this.#attempt(() => membership.leave());
    await this.#attempt(() => this.#options.removed());
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    await act().catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'leaving the cluster is not complete');
    });
  }

  async #endLink(): Promise<void> {
    this.#renewal?.stop();
    this.#logShipper?.stop();
    this.#statShipper?.stop();
    await this.#link?.stop();
    await this.#keyChanges?.stop();
  }

  async #warnOfOtherCluster(identity: NodeIdentity): Promise<void> {
    const { logger, config } = this.#options;
    const token = await this.#tokenOrNone();
    if (token !== undefined && token.clusterId !== identity.clusterId) {
      const hint = `to move it: \`shoal node rm ${identity.node}\` there, then start the agent again`;
      logger.error(
        { hint },
        `the join token is for another cluster; this node belongs to ${identity.clusterName}`,
      );
    }
    if (identity.node !== config.node.name) {
      logger.warn(
        { configured: config.node.name, name: identity.node },
        'the node was enrolled under another name than node.name, and keeps that',
      );
    }
  }
}

function gossipKeysReport(state: GossipKeyState | null): GossipKeysReport | null {
  return state === null ? null : { primary: state.primary, held: [...state.held] };
}

function decodeKeys(keys: readonly string[]): Buffer[] {
  return keys.map((key) => Buffer.from(key, 'base64'));
}
