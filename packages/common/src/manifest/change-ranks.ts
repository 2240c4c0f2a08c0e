import type { Spec } from '../spec/spec.js';
import { nodeRanks } from './node-ranks.js';
import type { NodePlace } from './resolve-params.js';
import { runsOn } from './resolve-params.js';

type Services = Spec['services'];

/**
 * In which order a change from one spec to another reaches the nodes, by name: as `nodeRanks` has it for what there shall be; nodes that lose a service which others needed
 * come after all those, the needed ones last. So nobody is without what it needs, neither while services come nor while they go.
 */
export function changeRanks(
  before: Services,
  after: Services,
  nodes: readonly NodePlace[],
): ReadonlyMap<string, number> {
  const ranks = nodeRanks({ services: after }, nodes);
  const needed = new Set(Object.values(before).flatMap(({ needs = [] }) => needs));
  const goes = (name: string, node: NodePlace): boolean => {
    const [old, next] = [before[name], after[name]];
    return old !== undefined && runsOn(old, node) && !(next !== undefined && runsOn(next, node));
  };
  const losing = nodes.filter((node) => [...needed].some((name) => goes(name, node)));
  if (losing.length === 0) return ranks;
  const going = Object.entries(before).filter(([name]) => nodes.some((node) => goes(name, node)));
  const old = nodeRanks({ services: Object.fromEntries(going) }, nodes);
  const rankIn = (of: ReadonlyMap<string, number>, { name }: NodePlace): number => of.get(name) ?? 0;
  const afterAll = Math.max(...nodes.map((node) => rankIn(ranks, node))) + 1;
  const last = Math.max(...losing.map((node) => rankIn(old, node)));
  const reversed = losing.map((node) => [node.name, afterAll + last - rankIn(old, node)] as const);
  return new Map([...ranks, ...reversed]);
}
