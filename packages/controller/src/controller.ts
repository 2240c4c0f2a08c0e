import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  builtinBlueprintsDir,
  type ClockReading,
  createLogger,
  formatAddress,
  type Logger,
  loadTrustedLicenseKeys,
  lockDirectory,
  parseAddress,
  problemsError,
  readClock,
  ShoalError,
  type TrustedLicenseKeys,
  version,
} from '@shoal/common';
import { createMetrics, type Metrics } from './api/metrics.js';
import { type ApiServer, createApiServer } from './api/server.js';
import type { BlueprintLibrary } from './blueprints/blueprint-library.js';
import { type ClusterIdentity, openClusterIdentity } from './cluster/cluster-identity.js';
import { keepCredentialsFile } from './cluster/credentials-file.js';
import { GossipMembership } from './cluster/gossip-membership.js';
import type { Membership } from './cluster/membership.js';
import { hostsOf, ServerCertificate } from './cluster/server-certificate.js';
import { type ControllerConfig, type ControllerConfigSources, readControllerConfig } from './config.js';
import { createControllerServices } from './controller-services.js';
import { type GrpcDoorComponents, openGrpcDoor } from './doors.js';
import { KeyStore } from './gossip-keys/key-store.js';
import { renewLeases } from './license/cluster-license.js';
import { createDispatcher } from './operations/dispatcher.js';
import type { ControllerServices } from './services.js';
import { type ControllerState, openState } from './state.js';
import { StopList } from './stop-list.js';
import { LmdbStore } from './store/lmdb-store.js';
import { commandAddress, consoleDirectory, isLoopback } from './surroundings.js';
import { openLogStorage } from './telemetry/log-storage.js';
import { openStatStorage } from './telemetry/stat-storage.js';

/** How often it is seen to it that leases are renewed, and the admin's credentials, ms. */
const renewalMs = 5000;
const credentialsMs = 3_600_000;

/** How to start a controller; by default from `/etc/shoal/controller.yaml` alone. */
export interface ControllerOptions extends ControllerConfigSources {
  /** Default: JSON lines on standard output. */
  readonly logger?: Logger;
  /** Wall clock, ms since the epoch; for tests. */
  readonly now?: () => number;
  /** How long a rotation keeps the old gossip key after all use the new one, ms. Default 10000; for tests. */
  readonly gossipKeySettleMs?: number;
  /** Whose licenses count. Default: those of the build; for tests. */
  readonly trustedLicenseKeys?: TrustedLicenseKeys;
}

/** A controller that runs. */
export interface RunningController {
  readonly config: ControllerConfig;
  readonly services: ControllerServices;
  /** One-time link that makes the first administrator of the console; undefined when there is one. A secret. */
  readonly firstRunUrl?: string;
  /** host:port of each door, with the ports that were bound. */
  readonly addresses: { readonly http: string; readonly grpc: string; readonly gossip: string };
  /** The administrator's credentials for the `shoal` command. */
  readonly credentialsFile: string;
  /** Reads the license file of the configuration again, at once. Never rejects. */
  reload(): Promise<void>;
  /** Ends gracefully: doors first, then state. Safe to call twice. */
  stop(): Promise<void>;
}

/** Says early, and without stopping, what is wrong with the blueprints: specs that use them will be refused. */
async function checkBlueprints(library: BlueprintLibrary, logger: Logger): Promise<void> {
  try {
    const { blueprints, problems } = await library.list();
    logger.info({ blueprints: blueprints.map(({ name, version: v }) => `${name}@${v}`) }, 'blueprints');
    for (const { name, version: v, note } of blueprints)
      if (note !== '') logger.warn({ blueprint: `${name}@${v}` }, note);
    if (problems.length > 0) throw problemsError(problems);
  } catch (error) {
    logger.error(
      { err: error, problems: ShoalError.from(error).problems },
      'blueprints have problems: no spec can be applied',
    );
  }
}

interface Foundation {
  readonly store: LmdbStore;
  readonly cluster: ClusterIdentity;
  readonly membership: Membership;
  readonly certificate: ServerCertificate;
  readonly keyStore: KeyStore;
}

/** Data directory, store, identity, gossip, certificate. */
async function openFoundation(
  config: ControllerConfig,
  logger: Logger,
  now: () => number,
  stops: StopList,
): Promise<Foundation> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDirectory(config.dataDir);
  stops.add('lock', () => lock.release());
  await chmod(config.dataDir, 0o700);
  const store = await LmdbStore.open(join(config.dataDir, 'store'));
  stops.add('store', () => store.close());
  const cluster = await openClusterIdentity(store, config.cluster.name, now());
  const keyStore = await KeyStore.open(store, now());
  const membership = await GossipMembership.start({
    listen: config.gossip.listen,
    advertise: config.gossip.advertise,
    keys: config.gossip.encrypt ? keyStore.keys() : [],
    tags: { role: 'controller', id: cluster.id, version },
    store,
    logger: logger.child({ part: 'gossip' }),
  });
  stops.add('gossip', () => membership.stop());
  const certificate = await ServerCertificate.issue({
    authority: cluster.authority,
    hosts: hostsOf(
      [config.grpc.listen, config.http.listen],
      [...config.grpc.advertise, ...config.http.advertise],
    ),
    ttlMs: config.certificateTtlMs,
    now,
    logger,
  });
  stops.add('certificate', () => certificate.stop());
  return { store, cluster, membership, certificate, keyStore };
}

/** Starts housekeeping by time: leases, the admin's credentials. */
function keepHouse(
  state: ControllerState,
  keepCredentials: () => Promise<unknown>,
  logger: Logger,
  stops: StopList,
): void {
  const { leases, nodes } = state;
  const renewal = setInterval(() => renewLeases({ leases, nodes, logger }, leases.renewAfterMs), renewalMs);
  const credentials = setInterval(() => {
    keepCredentials().catch((error: unknown) =>
      logger.error({ err: error }, 'admin credentials not renewed'),
    );
  }, credentialsMs);
  stops.add('housekeeping', () => {
    clearInterval(renewal);
    clearInterval(credentials);
  });
}

interface Inside extends Omit<GrpcDoorComponents, 'config' | 'certificate'> {
  readonly services: ControllerServices;
  readonly metrics: Metrics;
}

/** Tests that give a wall clock mean one that goes right. */
function clockOf({ now }: ControllerOptions): () => ClockReading {
  return now === undefined ? readClock : () => ({ wall: now(), bootId: 'test', bootTime: now() });
}

/** Storage of logs and stats, the state, and the operations upon them. */
async function openInside(
  config: ControllerConfig,
  { store, cluster, membership, keyStore }: Foundation,
  options: ControllerOptions,
  logger: Logger,
  now: () => number,
  stops: StopList,
): Promise<Inside> {
  const { dataDir, retention } = config;
  const startedAt = now();
  const blueprintDirs = { builtin: builtinBlueprintsDir(), directories: config.blueprints };
  const logs = await openLogStorage({ dir: join(dataDir, 'logs'), retention: retention.logs, now });
  stops.add('logs', () => logs.close());
  const stats = await openStatStorage({ dir: join(dataDir, 'stats'), retention: retention.stats, now });
  stops.add('stats', () => stats.close());
  const state = await openState({
    config,
    blueprintDirs,
    store,
    cluster,
    membership,
    keyStore,
    ...(options.gossipKeySettleMs === undefined ? {} : { gossipKeySettleMs: options.gossipKeySettleMs }),
    trustedLicenseKeys: options.trustedLicenseKeys ?? (await loadTrustedLicenseKeys()),
    readClock: clockOf(options),
    logger,
    now,
  });
  stops.add('state', () => state.stop());
  await checkBlueprints(state.library, logger);
  const services = createControllerServices({
    ...state,
    config,
    cluster,
    startedAt,
    membership,
    logs,
    stats,
    now,
  });
  const metrics = createMetrics({ services, store, ...state, membership, logs, stats });
  const dispatcher = createDispatcher({
    services,
    store,
    logger,
    now,
    observe: (observation) => metrics.observeOperation(observation),
  });
  return {
    cluster,
    state,
    store,
    membership,
    dispatcher,
    logs,
    stats,
    logger,
    now,
    services,
    metrics,
  };
}

async function openHttpDoor(
  config: ControllerConfig,
  { dispatcher, store, metrics, logger, now }: Inside,
  certificate: ServerCertificate,
  stops: StopList,
): Promise<ApiServer> {
  const tls = config.http.tls === 'auto' && !isLoopback(config.http.listen);
  const consoleDir = consoleDirectory();
  const http = await createApiServer({
    dispatcher,
    store,
    metrics,
    logger,
    now,
    listen: parseAddress(config.http.listen),
    dataDir: config.dataDir,
    ...(tls ? { tls: certificate.current } : {}),
    ...(consoleDir === undefined ? {} : { consoleDir }),
  });
  stops.add('http', () => http.close());
  if (tls) certificate.onRenewed((identity) => http.renewTls(identity));
  return http;
}

async function openDoors(
  config: ControllerConfig,
  inside: Inside,
  certificate: ServerCertificate,
  stops: StopList,
): Promise<Omit<RunningController, 'stop'>> {
  const { cluster, state, services, membership, logger, now } = inside;
  const grpc = await openGrpcDoor({ ...inside, config, certificate });
  stops.add('grpc', () => grpc.stop());
  const keepCredentials = (): Promise<string> =>
    keepCredentialsFile({
      dataDir: config.dataDir,
      server: commandAddress(config, grpc.address),
      clusterId: cluster.id,
      authority: cluster.authority,
      ttlMs: config.certificateTtlMs,
      now: now(),
    });
  const credentialsFile = await keepCredentials();
  keepHouse(state, keepCredentials, logger, stops);
  const http = await openHttpDoor(config, inside, certificate, stops);
  const addresses = { http: formatAddress(http.address), grpc: grpc.address, gossip: membership.address };
  const link = http.firstRunUrl === undefined ? {} : { firstRunUrl: http.firstRunUrl };
  const reload = (): Promise<void> => state.license.reload();
  return { config, services, addresses, credentialsFile, reload, ...link };
}

/**
 * Starts a controller: takes the data directory, makes the cluster's identity at the first start, opens its doors.
 *
 * @throws ShoalError `invalid_input` (configuration), `failed_precondition` (data directory in use, address taken, other cluster's data),
 *   `resource_exhausted` (disk full); nothing is left running then
 */
export async function startController(options: ControllerOptions = {}): Promise<RunningController> {
  const config = await readControllerConfig(options);
  const logger = options.logger ?? createLogger({ name: 'controller', level: config.log.level });
  const now = options.now ?? Date.now;
  const stops = new StopList(logger);
  try {
    const foundation = await openFoundation(config, logger, now, stops);
    const inside = await openInside(config, foundation, options, logger, now, stops);
    const running = await openDoors(config, inside, foundation.certificate, stops);
    const { addresses, firstRunUrl } = running;
    const { id: clusterId, name: clusterName } = foundation.cluster;
    logger.info(
      {
        version,
        clusterId,
        clusterName,
        ...addresses,
        ...(firstRunUrl === undefined ? {} : { firstRunUrl }),
      },
      'controller started',
    );
    return { ...running, stop: () => stops.run() };
  } catch (error) {
    await stops.run();
    throw error;
  }
}
