import type { Spec } from '@shoal/common';

/**
 * How many services deep each service's needs go: 0 for one that needs none, else one more than the deepest of those that it needs. Names of needs that are
 * no service, and those that close a circle, don't count.
 */
export function serviceRanks(services: Spec['services']): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  const rank = (name: string, trail: ReadonlySet<string>): number => {
    const known = ranks.get(name);
    if (known !== undefined) return known;
    const onTrail = new Set(trail).add(name);
    const needs = (services[name]?.needs ?? []).filter(
      (needed) => Object.hasOwn(services, needed) && !onTrail.has(needed),
    );
    const deepest = needs.reduce((most, needed) => Math.max(most, 1 + rank(needed, onTrail)), 0);
    ranks.set(name, deepest);
    return deepest;
  };
  for (const name of Object.keys(services)) rank(name, new Set());
  return ranks;
}

/** The rank of a node: the lowest of its services'; 0 without services. */
export function nodeRank(services: readonly string[], ranks: ReadonlyMap<string, number>): number {
  const own = services.map((name) => ranks.get(name) ?? 0);
  return own.length === 0 ? 0 : own.reduce((first, rank) => Math.min(first, rank));
}
