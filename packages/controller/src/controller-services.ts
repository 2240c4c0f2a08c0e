import { type NodeView, ShoalError, type StatusView, version } from '@shoal/common';
import type { Membership } from './cluster/membership.js';
import type { Tokens } from './enrol/tokens.js';
import type { Leases } from './license/leases.js';
import type { EventBus } from './link/event-bus.js';
import type { Nodes } from './link/nodes.js';
import { type RolloutDriver, rolloutView } from './rollout/driver.js';
import type { StepEvents } from './rollout/step-events.js';
import type { ControllerServices, LogStorage, StatStorage } from './services.js';
import type { Revisions } from './spec/revisions.js';
import type { SpecService } from './spec/spec-service.js';

/** How long a node may take to tell its view of the gossip, ms. */
const membersTimeoutMs = 10_000;

/** The parts that the services are made of. */
export interface ServicesComponents {
  readonly cluster: { readonly id: string; readonly name: string };
  readonly startedAt: number;
  readonly tokens: Tokens;
  readonly nodes: Nodes;
  readonly membership: Membership;
  readonly specs: SpecService;
  readonly revisions: Revisions;
  readonly driver: RolloutDriver;
  readonly stepEvents: StepEvents;
  readonly leases: Leases;
  readonly logs: LogStorage;
  readonly stats: StatStorage;
  readonly events: EventBus;
}

function warningsOf(nodes: readonly NodeView[], driver: RolloutDriver): string[] {
  const warnings: string[] = [];
  for (const { name, status, failed } of nodes) {
    if (status === 'failed')
      warnings.push(`node ${name}: ${failed?.failure.message ?? 'the last attempt failed'}`);
    if (status === 'down' || status === 'unreachable') warnings.push(`node ${name} is ${status}`);
    if (status === 'unhealthy') warnings.push(`node ${name} runs an unhealthy service`);
  }
  const rollout = driver.current;
  if (rollout?.status === 'failed') warnings.push(`the rollout of revision ${rollout.revision} failed`);
  return warnings;
}

function status(parts: ServicesComponents): StatusView {
  const { cluster, startedAt, leases, nodes, driver } = parts;
  const views = nodes.views();
  const counts: Record<string, number> = {};
  for (const view of views) counts[view.status] = (counts[view.status] ?? 0) + 1;
  const { active, latest } = driver.head;
  return {
    clusterId: cluster.id,
    clusterName: cluster.name,
    version,
    startedAt,
    tier: leases.tier,
    revision: { running: active, latest },
    nodes: counts,
    rollout: driver.current === undefined ? null : rolloutView(driver.current),
    warnings: warningsOf(views, driver),
  };
}

/** What the table of operations calls, out of the controller's parts. */
export function createControllerServices(parts: ServicesComponents): ControllerServices {
  const { tokens, nodes, membership, specs, revisions, driver, stepEvents, logs, stats, events } = parts;
  return {
    status: async () => status(parts),
    tokens: {
      create: ({ ttlMs, uses }, actor) => tokens.create({ ttlMs, uses, createdBy: actor.name }),
      list: () => tokens.list(),
      revoke: (id) => tokens.revoke(id),
    },
    nodes: {
      list: () => nodes.views(),
      get: (name) => nodes.view(name),
      remove: (name) => driver.exclusive(() => nodes.remove(name)),
    },
    members: {
      list: async (node) =>
        node === undefined ? membership.members() : nodes.session(node).members(membersTimeoutMs),
    },
    specs: {
      plan: (input) => specs.plan(input),
      apply: (input, actor) => specs.apply(input, actor),
    },
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
        const rollout = rolloutView(await driver.get(revision));
        return { ...rollout, events: await stepEvents.list(rollout.revision) };
      },
      list: (limit) => driver.list(limit),
    },
    logs,
    stats,
    events: (signal) => events.subscribe(signal),
  };
}
