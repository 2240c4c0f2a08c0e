import type { ClockReading, Logger, TrustedLicenseKeys } from '@shoal/common';
import { usedBlueprints } from './blueprints/blueprint-changes.js';
import type { LibraryComponents } from './blueprints/blueprint-library.js';
import { BlueprintLibrary } from './blueprints/blueprint-library.js';
import type { ClusterIdentity } from './cluster/cluster-identity.js';
import type { Membership } from './cluster/membership.js';
import type { ControllerConfig } from './config.js';
import { Enrolment } from './enrol/enrolment.js';
import { NodeMoves } from './enrol/node-moves.js';
import { Tokens } from './enrol/tokens.js';
import { GossipKeys } from './gossip-keys/gossip-keys.js';
import type { KeyStore } from './gossip-keys/key-store.js';
import { openClusterLicense } from './license/cluster-license.js';
import type { GrowthGate } from './license/growth-gate.js';
import type { Leases } from './license/leases.js';
import type { LicenseKeeper } from './license/license-keeper.js';
import { DrainRequests } from './link/drain-requests.js';
import { EventBus } from './link/event-bus.js';
import { Nodes } from './link/nodes.js';
import { readClocks } from './rollout/clock.js';
import { RolloutDriver } from './rollout/driver.js';
import { StepEvents } from './rollout/step-events.js';
import { Targets } from './rollout/targets.js';
import { Secrets } from './secrets/secrets.js';
import { Vault } from './secrets/vault.js';
import { Manifests } from './spec/manifests.js';
import { Revisions } from './spec/revisions.js';
import { SpecService } from './spec/spec-service.js';
import type { Store } from './store/store.js';

/** What the state is built upon. */
export interface StateComponents {
  readonly config: Pick<
    ControllerConfig,
    'leaseTtlMs' | 'license' | 'certificateTtlMs' | 'gossip' | 'dataDir'
  >;
  /** Whose licenses count. */
  readonly trustedLicenseKeys: TrustedLicenseKeys;
  /** What the host's clocks say now. */
  readonly readClock: () => ClockReading;
  /** As `GossipKeys` has it. */
  readonly gossipKeySettleMs?: number;
  readonly blueprintDirs: Pick<LibraryComponents, 'builtin' | 'directories'>;
  readonly store: Store;
  readonly cluster: ClusterIdentity;
  readonly membership: Membership;
  readonly keyStore: KeyStore;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The controller without its doors: everything that lives in the store, and the logic upon it. */
export interface ControllerState {
  readonly events: EventBus;
  readonly revisions: Revisions;
  readonly manifests: Manifests;
  readonly targets: Targets;
  readonly drains: DrainRequests;
  readonly nodes: Nodes;
  readonly license: LicenseKeeper;
  readonly leases: Leases;
  readonly growth: GrowthGate;
  readonly tokens: Tokens;
  readonly gossipKeys: GossipKeys;
  readonly enrolment: Enrolment;
  readonly moves: NodeMoves;
  readonly stepEvents: StepEvents;
  readonly driver: RolloutDriver;
  readonly specs: SpecService;
  readonly library: BlueprintLibrary;
  readonly vault: Vault;
  readonly secrets: Secrets;
  stop(): Promise<void>;
}

function createEnrolment(
  parts: StateComponents,
  rest: Pick<ControllerState, 'nodes' | 'leases' | 'growth' | 'tokens' | 'gossipKeys'>,
): Enrolment {
  const { config, store, cluster, logger, now } = parts;
  const { nodes, leases, growth, tokens, gossipKeys } = rest;
  const { id, name, authority, signingKey } = cluster;
  return new Enrolment(
    {
      store,
      tokens,
      leases,
      growth,
      logger,
      cluster: { id, name, authority, manifestPublicKeyPem: signingKey.publicKeyPem },
      gossipKeys: () => gossipKeys.current(),
      stored: (record) => nodes.stored(record),
    },
    { certificateTtlMs: config.certificateTtlMs, now },
  );
}

/** Reads the state from the store and goes on where it was left. */
export async function openState(parts: StateComponents): Promise<ControllerState> {
  const { config, store, cluster, membership, logger, now } = parts;
  const events = new EventBus();
  const revisions = new Revisions(store);
  const manifests = new Manifests(store, revisions, {
    id: cluster.id,
    privateKeyPem: cluster.signingKey.privateKeyPem,
  });
  const targets = new Targets();
  await targets.load(store);
  const drains = new DrainRequests(store);
  await drains.load();
  // Views of nodes need what the nodes shall be.
  for (const revision of targets.revisions()) await manifests.prepare(revision);
  const vault = await Vault.open({ store, dataDir: config.dataDir, now });
  if (vault.problem !== undefined)
    logger.error({ err: vault.problem }, 'secrets can be neither opened nor set');
  const nodes = new Nodes({ store, targets, drains, manifests, vault, membership, events, logger, now });
  await nodes.start();
  const { license, leases, growth } = await openClusterLicense({ ...parts, nodes, events });
  const tokens = new Tokens(store, { id: cluster.id, caFingerprint: cluster.authority.fingerprint }, now);
  const gossipKeys = new GossipKeys({
    keyStore: parts.keyStore,
    encrypted: config.gossip.encrypt,
    membership,
    nodes,
    events,
    logger,
    now,
    ...(parts.gossipKeySettleMs === undefined ? {} : { settleMs: parts.gossipKeySettleMs }),
  });
  const enrolment = createEnrolment(parts, { nodes, leases, growth, tokens, gossipKeys });
  const moves = new NodeMoves({ store, nodes, growth, license, logger });
  const stepEvents = new StepEvents(store, logger);
  const driver = new RolloutDriver({
    store,
    revisions,
    manifests,
    targets,
    nodes,
    events,
    logger,
    clocks: () => readClocks(now),
  });
  const library = new BlueprintLibrary({
    store,
    ...parts.blueprintDirs,
    used: () => usedBlueprints(revisions),
    exclusive: (change) => driver.exclusive(change),
    now,
  });
  const specs = new SpecService({
    clusterName: cluster.name,
    revisions,
    manifests,
    targets,
    nodes,
    driver,
    vault,
    drains,
    license,
    logger,
    now,
    blueprints: () => library.current(),
  });
  const secrets = new Secrets({
    store,
    vault,
    revisions,
    places: () => nodes.places(),
    blueprintsOf: (revision) => manifests.blueprintsOf(revision),
    logger,
  });
  await driver.start();
  gossipKeys.start();
  await tokens.prune();
  return {
    events,
    revisions,
    manifests,
    targets,
    drains,
    nodes,
    license,
    leases,
    growth,
    tokens,
    gossipKeys,
    enrolment,
    moves,
    stepEvents,
    driver,
    specs,
    library,
    vault,
    secrets,
    stop: async () => {
      await driver.stop();
      await gossipKeys.stop();
      await stepEvents.stop();
      await license.stop();
      await nodes.stop();
      events.close();
    },
  };
}
