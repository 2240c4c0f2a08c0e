import type { ServiceSpec } from './spec.js';

type Services = Readonly<Record<string, Pick<ServiceSpec, 'needs'>>>;

/**
 * Names of services, each after those that it needs; the spec's own order where `needs` leaves it open. Needs that name no service of
 * `services` don't count. Of a circle, which `needsCycle` finds, every service is given once.
 */
export function orderServices(services: Services): string[] {
  const ordered = new Set<string>();
  const begun = new Set<string>();
  const visit = (name: string) => {
    if (begun.has(name) || !Object.hasOwn(services, name)) return;
    begun.add(name);
    for (const needed of services[name]?.needs ?? []) visit(needed);
    ordered.add(name);
  };
  for (const name of Object.keys(services)) visit(name);
  return [...ordered];
}

/** Services that need each other in a circle, the first one again at the end: `[a, b, a]`. Undefined when there is none; of several the first. */
export function needsCycle(services: Services): string[] | undefined {
  const sound = new Set<string>();
  const visit = (name: string, trail: readonly string[]): string[] | undefined => {
    if (sound.has(name) || !Object.hasOwn(services, name)) return undefined;
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    for (const needed of services[name]?.needs ?? []) {
      const cycle = visit(needed, [...trail, name]);
      if (cycle !== undefined) return cycle;
    }
    sound.add(name);
    return undefined;
  };
  for (const name of Object.keys(services)) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
