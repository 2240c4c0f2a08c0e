import {
  type GossipKeysView,
  listed,
  type NodeView,
  ShoalError,
  type StatusView,
  version,
} from '@shoal/common';
import type { BlueprintLibrary } from './blueprints/blueprint-library.js';
import type { Membership } from './cluster/membership.js';
import type { ControllerConfig } from './config.js';
import type { Tokens } from './enrol/tokens.js';
import type { GossipKeys } from './gossip-keys/gossip-keys.js';
import type { LicenseKeeper } from './license/license-keeper.js';
import { refusedRequests, refusedWarnings } from './license/refused-requests.js';
import { checkDrainable, type DrainRequests, drainWarnings } from './link/drain-requests.js';
import type { EventBus } from './link/event-bus.js';
import type { Nodes } from './link/nodes.js';
import type { RolloutDriver } from './rollout/driver.js';
import type { StepEvents } from './rollout/step-events.js';
import { promotionWarning, rolloutView } from './rollout/view.js';
import type { Secrets } from './secrets/secrets.js';
import type { Vault } from './secrets/vault.js';
import type { ControllerServices, LogStorage, StatStorage } from './services.js';
import type { Revisions } from './spec/revisions.js';
import type { SpecService } from './spec/spec-service.js';

/** How long a node may take to tell its view of the gossip, ms. */
const membersTimeoutMs = 10_000;

/** How long a node may take to repair what drifted, ms: packages may have to be installed. */
const repairTimeoutMs = 600_000;

/** The parts that the services are made of. */
export interface ServicesComponents {
  readonly config: Pick<ControllerConfig, 'gossip'>;
  readonly cluster: { readonly id: string; readonly name: string };
  readonly gossipKeys: GossipKeys;
  readonly startedAt: number;
  readonly tokens: Tokens;
  readonly nodes: Nodes;
  readonly drains: DrainRequests;
  readonly membership: Membership;
  readonly specs: SpecService;
  readonly library: BlueprintLibrary;
  readonly secrets: Secrets;
  readonly vault: Vault;
  readonly revisions: Revisions;
  readonly driver: RolloutDriver;
  readonly stepEvents: StepEvents;
  readonly license: LicenseKeeper;
  readonly logs: LogStorage;
  readonly stats: StatStorage;
  readonly events: EventBus;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
}

/** Within this time members follow a stage of a rotation by themselves, ms. */
const stageMs = 60_000;

/** A rotation that only an operator can bring on: a member is away, or doesn't do its part. */
export function rotationWarnings({ rotation }: GossipKeysView, now: number): string[] {
  if (rotation === null || rotation.endedAt !== null) return [];
  const { waitingFor, members, ready, stageAt } = rotation;
  const isStuck = now - stageAt > stageMs || waitingFor.some(({ why }) => why === 'away' || why === 'silent');
  const first = waitingFor.find(({ why }) => why === 'away') ?? waitingFor[0];
  if (first === undefined || !isStuck) return [];
  const more = members - ready > 1 ? ` and ${members - ready - 1} more` : '';
  return [`the rotation of the gossip key waits for ${first.member}${more}: see shoal gossip-key ls`];
}

function leaseWarning(node: string, state: 'expired' | 'degraded'): string {
  return state === 'expired'
    ? `node ${node}: its lease has ended and counts for a while more; it was not renewed`
    : `node ${node} is degraded: it serves within the limits of the free tier, outside of the gossip`;
}

function warningsOf(nodes: readonly NodeView[], driver: RolloutDriver, now: number): string[] {
  const warnings: string[] = [];
  for (const { name, status, failed, drifts, lease } of nodes) {
    if (lease?.state === 'expired' || lease?.state === 'degraded')
      warnings.push(leaseWarning(name, lease.state));
    if (status === 'failed')
      warnings.push(`node ${name}: ${failed?.failure.message ?? 'the last attempt failed'}`);
    if (status === 'down' || status === 'unreachable') warnings.push(`node ${name} is ${status}`);
    if (status === 'unhealthy') warnings.push(`node ${name} runs an unhealthy service`);
    if (drifts.length === 0 || status === 'down' || status === 'unreachable') continue;
    const steps = drifts.map(({ service, step }) => `${service}/${step}`);
    warnings.push(`node ${name} drifted: ${listed(steps, 1)}; see shoal drift ${name}`);
  }
  const rollout = driver.current;
  if (rollout?.status === 'failed') warnings.push(`the rollout of revision ${rollout.revision} failed`);
  const waits = rollout === undefined ? undefined : promotionWarning(rollout, now);
  if (waits !== undefined) warnings.push(waits);
  return warnings;
}

async function status(parts: ServicesComponents): Promise<StatusView> {
  const { cluster, startedAt, license, nodes, driver, gossipKeys } = parts;
  const refusals = await refusedRequests(parts.stats, parts.now());
  const views = nodes.views();
  const licensed = license.view();
  const counts: Record<string, number> = {};
  const leases: Record<string, number> = {};
  for (const { status: word, lease } of views) {
    counts[word] = (counts[word] ?? 0) + 1;
    if (lease !== null) leases[lease.state] = (leases[lease.state] ?? 0) + 1;
  }
  const { active, latest } = driver.head;
  return {
    clusterId: cluster.id,
    clusterName: cluster.name,
    version,
    startedAt,
    tier: licensed.tier,
    license: licensed,
    revision: { running: active, latest },
    nodes: counts,
    leases,
    drained: parts.drains.all(),
    rollout: driver.current === undefined ? null : rolloutView(driver.current),
    warnings: [
      ...licensed.warnings.map(({ message }) => message),
      ...warningsOf(views, driver, parts.now()),
      ...refusedWarnings(refusals, views),
      ...drainWarnings(views),
      ...rotationWarnings(gossipKeys.view(), parts.now()),
      ...(parts.vault.problem === undefined
        ? []
        : [`secrets can't be opened: ${parts.vault.problem.message}`]),
    ],
  };
}

/** What the table of operations calls, out of the controller's parts. */
export function createControllerServices(parts: ServicesComponents): ControllerServices {
  const { tokens, nodes, membership, specs, library, revisions, driver, stepEvents, logs, stats, events } =
    parts;
  const { drains, gossipKeys, config, secrets, license } = parts;
  return {
    status: () => status(parts),
    license: {
      view: () => license.view(),
      install: (text, actor) => license.install(text, actor),
      preview: (text) => license.preview(text),
      remove: (id, actor) => license.remove(id, actor),
    },
    tokens: {
      create: ({ ttlMs, uses }, actor) => tokens.create({ ttlMs, uses, createdBy: actor.name }),
      list: () => tokens.list(),
      revoke: (id) => tokens.revoke(id),
    },
    nodes: {
      list: () => nodes.views(),
      get: (name) => nodes.view(name),
      drain: (name, service, { name: by }) =>
        driver.exclusive(async () => {
          const view = nodes.view(name);
          if (service !== undefined) checkDrainable(view, nodes.desiredServices(name), service);
          await drains.add(name, service, { by, at: parts.now() });
          nodes.drainChanged(name);
          return nodes.view(name);
        }),
      undrain: (name, service) =>
        driver.exclusive(async () => {
          nodes.view(name);
          await drains.remove(name, service);
          nodes.drainChanged(name);
          return nodes.view(name);
        }),
      remove: async (name, actor, { keepGossipKey = false } = {}) => {
        const remove = (): Promise<void> => driver.exclusive(() => nodes.remove(name));
        if (!keepGossipKey && config.gossip.rotateOnRemoval) {
          return { isRotating: await gossipKeys.removing(name, actor, remove) };
        }
        await remove();
        return { isRotating: false };
      },
    },
    drifts: {
      list: (name) =>
        (name === undefined ? nodes.views() : [nodes.view(name)]).flatMap(({ name: node, drifts }) =>
          drifts.map((drift) => ({ node, ...drift })),
        ),
      repair: (node, service) => nodes.session(node).repair(service ?? '', repairTimeoutMs),
    },
    gossipKeys: {
      view: () => gossipKeys.view(),
      rotate: (ignored, actor) => gossipKeys.rotate(ignored, actor),
      ignore: (names) => gossipKeys.ignore(names),
      abort: () => gossipKeys.abort(),
      install: () => gossipKeys.install(),
      use: (fingerprint, ignored) => gossipKeys.use(fingerprint, ignored),
      remove: (fingerprint, ignored) => gossipKeys.remove(fingerprint, ignored),
    },
    members: {
      list: async (node) =>
        node === undefined ? membership.members() : nodes.session(node).members(membersTimeoutMs),
    },
    specs: {
      plan: (input) => specs.plan(input),
      apply: (input, actor) => specs.apply(input, actor),
      restore: (input, actor) => specs.restore(input, actor),
    },
    secrets: {
      // In the queue of commits: a version that a commit means isn't dropped meanwhile.
      set: (name, value, actor) => driver.exclusive(() => secrets.set(name, value, actor)),
      list: () => secrets.list(),
      remove: (name, force, actor) => driver.exclusive(() => secrets.remove(name, force, actor)),
    },
    blueprints: library,
    revisions: {
      list: (limit) => revisions.list(limit),
      get: async (number) => {
        if (number === undefined && driver.head.latest === 0) {
          throw new ShoalError('not_found', 'There is no revision yet', {
            hint: 'Make the first one: shoal apply cluster.yaml',
          });
        }
        return revisions.get(number);
      },
      diff: (from, to) => revisions.diff(from, to),
    },
    rollouts: {
      get: async (revision) => {
        const rollout = rolloutView(await driver.get(revision), driver.head.latest);
        return { ...rollout, events: await stepEvents.list(rollout.revision) };
      },
      list: (limit) => driver.list(limit),
      request: (request, actor) => driver.request(request, actor),
    },
    logs,
    stats,
    events: (signal) => events.subscribe(signal),
  };
}
