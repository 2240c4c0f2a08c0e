import {
  type BlueprintSet,
  changeRanks,
  gateDefaults,
  type PlanGate,
  type PlanRollout,
  parseDuration,
  type RolloutGate,
  type Spec,
  type UnwatchedService,
} from '@shoal/common';
import type { NodePlace } from '../spec/manifests.js';
import { meetNodes } from './batches.js';
import { policyOf } from './policy.js';
import { beginRollout, type ObservedNode } from './state.js';

/** A node as a rollout would find it. */
export interface NodeForPlan {
  readonly place: NodePlace;
  /** Content hash of what it would be asked for. */
  readonly hash: string;
  /** Content hash that it runs; empty: nothing yet. */
  readonly running: string;
  /** No service of it is unhealthy. */
  readonly healthy: boolean;
}

/** How the rollout of a spec would go with the nodes as they are: by the same rules by which it meets them when it begins. `before`: the services of the revision that it leads away from. */
export function planRollout(
  spec: Spec,
  nodes: readonly NodeForPlan[],
  {
    before = {},
    blueprints,
  }: { readonly before?: Spec['services'] | undefined; readonly blueprints: BlueprintSet },
): PlanRollout {
  const policy = policyOf(spec.rollout);
  const ranks = changeRanks(
    before,
    spec.services,
    nodes.map(({ place }) => place),
  );
  const observed = new Map(
    nodes.map(({ place, ...node }) => [
      place.name,
      { ...unknown, ...node, site: place.site, rank: ranks.get(place.name) ?? 0 },
    ]),
  );
  const begun = beginRollout({ revision: 1, from: 0, at: 0, policy });
  const met = meetNodes(begun, observed);
  const touched = met.nodes.filter(({ batch }) => batch > 0);
  const batches: string[][] = Array.from({ length: touched.at(-1)?.batch ?? 0 }, () => []);
  for (const { node, batch } of touched) batches[batch - 1]?.push(node);
  const { strategy, canary, onFailure } = policy;
  const gate = planGate(spec.rollout?.gate ?? {});
  const { promoteAfterMs } = canary;
  const unwatched = unwatchedServices(spec, blueprints, gate);
  return { strategy, batches, promoteAfterMs, atOnce: met.bound, onFailure, gate, unwatched };
}

function unwatchedServices(
  { services }: Spec,
  blueprints: BlueprintSet,
  { observeMs }: PlanGate,
): UnwatchedService[] {
  if (observeMs === 0) return [];
  return Object.entries(services).flatMap(([service, { blueprint }]): UnwatchedService[] => {
    const { logs = [], drain } = blueprints.get(blueprint) ?? {};
    if (!logs.some(({ traffic }) => traffic !== undefined)) return [{ service, why: 'untold' }];
    return observeMs === null && drain === undefined ? [{ service, why: 'undrained' }] : [];
  });
}

function planGate({ observe, ...given }: RolloutGate): PlanGate {
  const { drainedObserveMs: _, ...defaults } = gateDefaults;
  return { observeMs: observe === undefined ? null : parseDuration(observe), ...defaults, ...given };
}

/** What the order of the nodes doesn't depend on. */
const unknown: Omit<ObservedNode, 'site' | 'rank' | 'hash' | 'running' | 'healthy'> = {
  presence: 'connected',
  back: '',
  failed: null,
  settled: true,
  affected: false,
  drained: false,
  good: 0,
  attempt: 0,
};
