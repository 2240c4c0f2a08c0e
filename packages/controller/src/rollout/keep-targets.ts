import { ShoalError } from '@shoal/common';
import type { Nodes } from '../link/nodes.js';
import type { Manifests } from '../spec/manifests.js';
import type { RolloutState, TargetChange } from './state.js';
import type { Targets } from './targets.js';

/** What targets are kept by. */
export interface TargetSources {
  readonly nodes: Pick<Nodes, 'place' | 'measured'>;
  readonly targets: Targets;
  readonly manifests: Pick<Manifests, 'at'>;
}

/** Nodes without a target (they enrolled since) get the active revision at once. */
export function adoptions(
  names: Iterable<string>,
  { nodes, targets }: TargetSources,
  active: number,
): TargetChange[] {
  if (active === 0) return [];
  const changes: TargetChange[] = [];
  for (const node of names) {
    if (nodes.place(node) === undefined || targets.get(node) !== undefined) continue;
    changes.push({ node, revision: active, good: 0, attempt: 1, undo: false });
  }
  return changes;
}

/** Nodes that were measured to run their target have it as their last good revision. The rollout itself judges those that it has under way. */
export function proofs(
  names: Iterable<string>,
  { nodes, targets, manifests }: TargetSources,
  rollout: RolloutState | undefined,
): TargetChange[] {
  const unproven = [...names].filter((name) => {
    const target = targets.get(name);
    return target !== undefined && target.good !== target.revision;
  });
  if (unproven.length === 0) return [];
  const underWay = new Set(
    (rollout?.nodes ?? []).filter(({ status }) => status === 'offered').map(({ node }) => node),
  );
  const changes: TargetChange[] = [];
  for (const node of unproven) {
    const target = targets.get(node);
    const place = nodes.place(node);
    if (target === undefined || place === undefined || underWay.has(node)) continue;
    const compiled = manifests.at(place, target.revision);
    if (compiled === undefined || ShoalError.is(compiled)) continue;
    if (nodes.measured(node)?.runningHash !== compiled.hash) continue;
    const { revision, attempt = 0, undo = false } = target;
    changes.push({ node, revision, good: revision, attempt, undo });
  }
  return changes;
}
