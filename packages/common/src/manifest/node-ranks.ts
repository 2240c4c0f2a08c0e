import type { Spec } from '../spec/spec.js';
import type { NodePlace } from './resolve-params.js';
import { runsOn } from './resolve-params.js';

/** Nodes that run the same services. */
interface Group {
  readonly services: readonly string[];
  readonly nodes: string[];
}

/**
 * In which order nodes are changed, by name: a node of rank 0 before one of rank 1 and so on; those of the same rank in any order. A node that runs a needed
 * service ranks before the nodes whose services need it, over any number of services between them. Where two nodes need each other
 * (each runs a service that one of the other's needs) they have the same rank. For taking services away the order is the reverse.
 */
export function nodeRanks(
  spec: Pick<Spec, 'services'>,
  nodes: readonly NodePlace[],
): ReadonlyMap<string, number> {
  const isOpen = Object.values(spec.services).every(({ needs = [] }) => needs.length === 0);
  if (isOpen) return new Map(nodes.map(({ name }) => [name, 0]));
  const groups = groupsOf(spec, nodes);
  const ranks = new Map<string, number>();
  const components = strongComponents(edgesOf(spec, groups));
  const rankOf = new Map<string, number>();
  // The components come with those that nothing follows first; what comes before must be ranked first.
  for (const { members, successors } of components.toReversed()) {
    const inside = members.flatMap((member) => groups.get(member) ?? []);
    const rank = Math.max(0, ...members.map((member) => rankOf.get(member) ?? 0));
    for (const name of inside.flatMap(({ nodes }) => nodes)) ranks.set(name, rank);
    const next = inside.length > 0 ? rank + 1 : rank;
    for (const successor of successors) rankOf.set(successor, Math.max(next, rankOf.get(successor) ?? 0));
  }
  return ranks;
}

function groupsOf({ services }: Pick<Spec, 'services'>, nodes: readonly NodePlace[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const node of nodes) {
    const names = Object.entries(services).flatMap(([name, service]) =>
      runsOn(service, node) ? [name] : [],
    );
    const key = `nodes of ${names.join(',')}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { services: names, nodes: [node.name] });
    else group.nodes.push(node.name);
  }
  return groups;
}

/** What comes before what: nodes before those that need one of their services, services that stand for all that follows from a need. */
function edgesOf(
  { services }: Pick<Spec, 'services'>,
  groups: ReadonlyMap<string, Group>,
): Map<string, string[]> {
  const edges = new Map<string, string[]>();
  for (const name of [...Object.keys(services), ...groups.keys()]) edges.set(name, []);
  for (const [name, { needs = [] }] of Object.entries(services))
    for (const needed of needs) edges.get(needed)?.push(name);
  for (const [key, group] of groups) {
    edges.get(key)?.push(...group.services);
    const needed = new Set(group.services.flatMap((name) => services[name]?.needs ?? []));
    for (const name of needed) edges.get(name)?.push(key);
  }
  return edges;
}

interface Component {
  readonly members: readonly string[];
  /** What members lead to outside of the component. */
  readonly successors: readonly string[];
}

/** Strongly connected components of a graph (Tarjan's way), each after all that it leads to. */
function strongComponents(edges: ReadonlyMap<string, readonly string[]>): Component[] {
  const components: Component[] = [];
  const index = new Map<string, number>();
  const open: string[] = [];
  const visit = (name: string) => {
    let lowest = index.size;
    index.set(name, lowest);
    open.push(name);
    for (const next of edges.get(name) ?? []) {
      if (!index.has(next)) lowest = Math.min(lowest, visit(next));
      else if (open.includes(next)) lowest = Math.min(lowest, index.get(next) ?? lowest);
    }
    if (lowest !== index.get(name)) return lowest;
    const members = open.splice(open.indexOf(name));
    const successors = members.flatMap((member) => edges.get(member) ?? []);
    components.push({ members, successors: successors.filter((next) => !members.includes(next)) });
    return lowest;
  };
  for (const name of edges.keys()) if (!index.has(name)) visit(name);
  return components;
}
