import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createLogger,
  type Logger,
  lockDirectory,
  parseAddress,
  type StepEvent,
  version,
} from '@shoal/common';
import type { GossipOptions } from '@shoal/gossip';
import { ClusterSide } from './cluster-side.js';
import type { AgentConfig } from './config.js';
import type { ConvergeListener, Converger, SupervisorKind, TemplateFacts } from './converge/converger.js';
import { createConverger } from './converge/create-converger.js';
import { findIdentity } from './enrol/find-identity.js';
import { IdentityFile, type NodeIdentity } from './enrol/stored-identity.js';
import { hostFacts } from './host-facts.js';
import { type LeaseDeed, LeaseKeeper } from './lease/lease-keeper.js';
import type { Backoff } from './link/backoff.js';
import { LocalApi } from './local-api/local-api.js';
import { MetricsServer } from './local-api/metrics-server.js';
import { metricsSnapshot } from './local-api/snapshot.js';
import { type AgentStatus, clusterStatus } from './local-api/status.js';
import { Membership } from './membership/membership.js';
import { ownAddress } from './membership/own-address.js';
import type { NodeFacts } from './membership/tags.js';
import { LogCollector, type SpooledLine } from './observe/log-collector.js';
import { Spool } from './observe/spool/spool.js';
import { type SpooledSample, StatCollector } from './observe/stat-collector.js';
import { Traffic } from './observe/traffic/traffic.js';
import type { TrafficReader } from './observe/traffic/window.js';
import { Parts } from './parts.js';
import { SecretStore } from './secrets/secret-store.js';
import { standaloneClusterId } from './standalone/compile-local.js';
import { Standalone } from './standalone/standalone.js';

/** What tests put in the place of the real thing. */
export interface AgentSeams {
  readonly logger?: Logger;
  readonly createConverger?: (options: {
    readonly dataDir: string;
    readonly supervisor: SupervisorKind;
    readonly facts: () => TemplateFacts;
    readonly listener: ConvergeListener;
    readonly logger: Logger;
    readonly secrets: SecretStore;
    readonly driftIntervalMs: number;
    readonly traffic: TrafficReader;
  }) => Converger;
  readonly gossip?: Pick<GossipOptions, 'profile' | 'overrides'>;
  readonly backoff?: () => Backoff;
}

/** Bytes that samples may take on disk: ten-second samples of several days. */
const statSpoolBytes = 32 * 1024 * 1024;

/** The agent of one host: all parts, wired together. */
export class Agent {
  readonly config: AgentConfig;
  readonly #logger: Logger;
  readonly #seams: AgentSeams;
  readonly #parts: Parts;
  readonly #startedAt = Date.now();
  readonly #membership: Membership;
  readonly #lease: LeaseKeeper;
  readonly #converger: Converger;
  readonly #secrets: SecretStore;
  readonly #identityFile: IdentityFile;
  readonly #facts: Readonly<Record<string, string>>;
  #identity: NodeIdentity | undefined;
  #logs: Spool<SpooledLine> | undefined;
  #stats: Spool<SpooledSample> | undefined;
  #logCollector: LogCollector | undefined;
  #statCollector: StatCollector;
  readonly #traffic = new Traffic();
  #cluster: ClusterSide | undefined;
  #standalone: Standalone | undefined;
  readonly #localApi: LocalApi;
  readonly #metrics: MetricsServer;

  private constructor(
    config: AgentConfig,
    seams: AgentSeams,
    logger: Logger,
    found: {
      identityFile: IdentityFile;
      identity: NodeIdentity | undefined;
      address: string;
      facts: Readonly<Record<string, string>>;
      secrets: SecretStore;
    },
  ) {
    this.config = config;
    this.#seams = seams;
    this.#logger = logger;
    this.#parts = new Parts(logger);
    this.#facts = found.facts;
    this.#secrets = found.secrets;
    this.#identity = found.identity;
    this.#identityFile = found.identityFile;
    this.#lease = new LeaseKeeper({
      dataDir: config.dataDir,
      logger,
      perform: (deed) => this.#leaseWants(deed),
      changed: () => this.#factsChanged(),
    });
    this.#membership = new Membership({
      node: this.name,
      dataDir: config.dataDir,
      listen: config.gossip.listen,
      advertise: found.address,
      logger,
      facts: () => this.#gossipFacts(),
      changed: () => this.#converger.factsChanged(),
      controllerSeen: () => this.#cluster?.controllerSeen(),
      ...(seams.gossip === undefined ? {} : { gossip: seams.gossip }),
    });
    this.#converger = (seams.createConverger ?? createConverger)({
      dataDir: config.dataDir,
      supervisor: config.supervisor,
      facts: () => this.#templateFacts(),
      listener: this.#listener(),
      logger,
      secrets: this.#secrets,
      driftIntervalMs: config.drift.intervalMs,
      traffic: this.#traffic,
    });
    this.#statCollector = this.#makeStatCollector();
    this.#localApi = new LocalApi({
      dataDir: config.dataDir,
      logger,
      status: () => this.status(),
      members: () => this.#membership.members(),
    });
    this.#metrics = new MetricsServer({
      listen: config.metrics.listen,
      logger,
      snapshot: () =>
        metricsSnapshot({
          status: this.status(),
          gossip: this.#membership.stats(),
          sample: this.#statCollector.latest?.m ?? {},
        }),
    });
  }

  /** Starts everything in order; when a part fails, those before it are stopped again. Throws what that part threw. */
  static async start(config: AgentConfig, seams: AgentSeams = {}): Promise<Agent> {
    const secrets = new SecretStore(config.dataDir);
    const logger =
      seams.logger ??
      createLogger({
        name: 'agent',
        level: config.log.level,
        redact: (line) => secrets.redactor.text(line),
      });
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
    await chmod(config.dataDir, 0o700);
    const lock = await lockDirectory(config.dataDir);
    try {
      const identityFile = new IdentityFile(config.dataDir);
      const identity = await findIdentity(identityFile, config.cluster);
      const address = await ownAddress({
        listen: config.gossip.listen,
        ...(config.gossip.advertise === undefined ? {} : { advertise: config.gossip.advertise }),
        ...(config.cluster === undefined ? {} : { controller: config.cluster.controller }),
      });
      const facts = await hostFacts();
      const agent = new Agent(config, seams, logger, { identityFile, identity, address, facts, secrets });
      agent.#parts.add('lock', () => lock.release());
      await agent.#start();
      return agent;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The node's name: the one that it was enrolled under, else the configured one. */
  get name(): string {
    return this.#identity?.node ?? this.config.node.name;
  }

  /** Where Prometheus finds the agent's metrics, host:port; undefined: nowhere. */
  get metricsAddress(): string | undefined {
    return this.#metrics.address;
  }

  /** Stops everything in reverse order: leaves the gossip, stops child processes. Services under systemd go on. */
  async stop(): Promise<void> {
    await this.#parts.stop();
  }

  /** SIGHUP: says what is read again by itself and what isn't, and goes on. */
  hangUp(): void {
    this.#logger.info(
      'SIGHUP: going on; agent.yaml is read at the next start, a local spec whenever it changes',
    );
  }

  /** What is true of the agent now. */
  status(): AgentStatus {
    // What it tells of the lease and of the time is to be of now, not of the last minute.
    this.#lease.tick();
    const problem = (this.#cluster ?? this.#standalone)?.problem.text ?? '';
    return {
      node: this.name,
      site: this.config.node.site,
      version,
      startedAt: this.#startedAt,
      mode: this.#cluster?.mode ?? 'standalone',
      cluster: clusterStatus(this.#cluster, this.config.cluster?.controller),
      tier: this.#lease.demands.grant.tier,
      lease: this.#lease.standing,
      requestsRefused: this.#traffic.refused,
      members: this.#membership.stats()?.members ?? null,
      pools: { state: this.#lease.demands.pools, nodes: this.#membership.nodes().length },
      report: this.#converger.report(),
      problems: problem === '' ? [] : [problem],
      spool:
        this.#logs === undefined
          ? null
          : {
              bytes: this.#logs.bytes,
              waiting: this.#logs.last - this.#logs.acked,
              hasRoom: this.#logs.hasRoom,
            },
    };
  }

  async #start(): Promise<void> {
    const parts = this.#parts;
    const clustered = this.config.cluster !== undefined;
    if (!clustered) await this.#leaveCluster();
    await parts.start('lease', { stop: () => this.#lease.stop() }, () => this.#lease.start(this.#identity));
    if (clustered) {
      await this.#membership.load();
      this.#membership.usePools(this.#lease.demands.pools);
      await parts.start('spools', { stop: () => this.#closeSpools() }, () => this.#openSpools());
    }
    await parts.start('local API', this.#localApi);
    await parts.start('metrics', this.#metrics);
    await parts.start('converger', this.#converger);
    void this.#logCollector?.update(this.#converger.observed());
    this.#statCollector = this.#makeStatCollector();
    await parts.start('stats', this.#statCollector);
    if (clustered) await this.#startCluster();
    else {
      this.#standalone = this.#makeStandalone();
      await parts.start('standalone', this.#standalone);
    }
    this.#logger.info({ node: this.name, version, mode: this.status().mode }, 'agent started');
  }

  async #startCluster(): Promise<void> {
    const { cluster } = this.config;
    if (cluster === undefined || this.#logs === undefined || this.#stats === undefined) return;
    this.#cluster = new ClusterSide({
      config: this.config,
      cluster,
      logger: this.#logger,
      identityFile: this.#identityFile,
      identity: this.#identity,
      instanceId: randomUUID(),
      facts: this.#facts,
      membership: this.#membership,
      lease: this.#lease,
      converger: this.#converger,
      logs: this.#logs,
      stats: this.#stats,
      removed: () => this.#forgetCluster(),
      ...(this.#seams.backoff === undefined ? {} : { backoff: this.#seams.backoff }),
    });
    await this.#parts.start('cluster', this.#cluster);
  }

  #makeStandalone(): Standalone {
    return new Standalone({
      file: this.config.standalone.spec,
      secrets: {
        file: this.config.standalone.secrets,
        credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
        digest: (text) => this.#secrets.digest(text),
      },
      blueprints: this.config.blueprints,
      node: { name: this.name, site: this.config.node.site },
      converger: this.#converger,
      logger: this.#logger,
    });
  }

  #makeStatCollector(): StatCollector {
    return new StatCollector({
      intervalMs: this.config.stats.intervalMs,
      observed: () => this.#converger.observed(),
      traffic: this.#traffic,
      logger: this.#logger,
      ...(this.#stats === undefined ? {} : { spool: this.#stats }),
    });
  }

  async #openSpools(): Promise<void> {
    const directory = join(this.config.dataDir, 'spool');
    const logger = this.#logger;
    const { maxBytes } = this.config.spool;
    this.#logs = await Spool.open<SpooledLine>({ directory: join(directory, 'logs'), maxBytes, logger });
    this.#stats = await Spool.open<SpooledSample>({
      directory: join(directory, 'stats'),
      maxBytes: Math.min(maxBytes, statSpoolBytes),
      logger,
    });
    this.#logCollector = new LogCollector({
      spool: this.#logs,
      logger,
      traffic: this.#traffic,
      redactor: () => this.#secrets.redactor,
    });
  }

  async #closeSpools(): Promise<void> {
    await this.#logCollector?.stop();
    this.#logCollector = undefined;
    await this.#logs?.close();
    await this.#stats?.close();
  }

  /** The configuration has no cluster any more: an identity from one is put aside. */
  async #leaveCluster(): Promise<void> {
    if (this.#identity === undefined) return;
    this.#logger.info(
      { cluster: this.#identity.clusterName },
      'no cluster is configured any more: leaving it',
    );
    await this.#identityFile.putAside();
    this.#identity = undefined;
    await rm(join(this.config.dataDir, 'spool'), { recursive: true, force: true });
  }

  /** The controller removed the node: lines and samples that nobody will take are deleted. */
  async #forgetCluster(): Promise<void> {
    await this.#statCollector.stop();
    await this.#closeSpools();
    this.#logs = undefined;
    this.#stats = undefined;
    await rm(join(this.config.dataDir, 'spool'), { recursive: true, force: true });
    await this.#lease.forget();
  }

  #listener(): ConvergeListener {
    return {
      reportChanged: () => {
        this.#cluster?.link?.reportChanged();
        this.#membership.factsChanged();
      },
      stepEvent: (event: StepEvent) => this.#cluster?.link?.stepEvent(event),
      observedChanged: (services) => void this.#logCollector?.update(services),
      processOutput: (service, line) => this.#logCollector?.processOutput(service, line),
    };
  }

  #factsChanged(): void {
    this.#membership.factsChanged();
    this.#converger.factsChanged();
    this.#cluster?.link?.reportChanged();
  }

  #leaseWants(deed: LeaseDeed): void {
    if (deed.kind === 'pools') this.#membership.usePools(deed.pools);
    else this.#cluster?.leaseWants(deed);
  }

  #templateFacts(): TemplateFacts {
    const { site } = this.config.node;
    const address = parseAddress(this.#membership.address, 0).host;
    return {
      node: { name: this.name, site, address },
      facts: this.#facts,
      members: this.#membership.nodes(),
      membersFrozen: this.#lease.demands.pools === 'frozen',
      lease: this.#lease.demands.grant,
    };
  }

  #gossipFacts(): NodeFacts {
    const report = this.#converger.report();
    const { tier, state, expiresAt, trustedTime } = this.#lease.standing;
    return {
      clusterId: this.#cluster?.identity?.clusterId ?? this.#identity?.clusterId ?? standaloneClusterId,
      site: this.config.node.site,
      version,
      tier,
      lease: { state, leftMs: (expiresAt ?? trustedTime) - trustedTime },
      revision: Number(report.runningRevision ?? 0),
      services: (report.services ?? []).map(({ service = '', health = '' }) => ({ name: service, health })),
      draining: this.#converger.draining(),
    };
  }
}
