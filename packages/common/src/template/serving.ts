import type { MemberView } from '../api/views.js';

/** What a node gossips of a service that it runs. */
export type ServingHealth = 'healthy' | 'unhealthy' | 'unknown';

/** A member as templates see it. */
export interface TemplateMember extends MemberView {
  /** Host part of the gossip address. */
  readonly host: string;
  readonly site: string;
  /** Services that run there. */
  readonly services: Readonly<Record<string, ServingHealth>>;
  /** Services that are being drained there: no new requests for them. */
  readonly draining: readonly string[];
}

/** Remembers pools, so that one that would be empty can stay what it was. */
export interface PoolMemory {
  /** The service's pool as templates had it last. */
  last(service: string): readonly TemplateMember[] | undefined;
  /** This is the pool that a template got. */
  took(service: string, pool: readonly TemplateMember[]): void;
}

/** Where a template's context holds its `PoolMemory`; out of the template's own reach. */
export const poolMemory: unique symbol = Symbol('pool memory');

const healths: Readonly<Record<string, ServingHealth>> = { h: 'healthy', u: 'unhealthy' };

/** Service name to health, from a member's tag `svc`: `web:h,api:u,db:?`. A list that was cut (`+3`) is what is left of it. */
export function servicesOfTags(tags: Readonly<Record<string, string>>): Record<string, ServingHealth> {
  const services: Record<string, ServingHealth> = {};
  for (const entry of (tags['svc'] ?? '').split(',')) {
    const [name = '', mark] = entry.split(':');
    if (mark !== undefined && name !== '') services[name] = healths[mark] ?? 'unknown';
  }
  return services;
}

/** Services that are being drained, from a member's tag `drain`: names, or `*` for all that it runs. */
export function drainingOfTags(tags: Readonly<Record<string, string>>): string[] {
  const names = (tags['drain'] ?? '').split(',').filter((name) => name !== '');
  return names.includes('*') ? Object.keys(servicesOfTags(tags)) : names;
}

/**
 * Those of the members that a load balancer sends requests to: they run the service, aren't draining and aren't unhealthy. When there are none,
 * those that aren't draining; then all that run it. So it is only empty when nobody does.
 */
export function servingMembers(
  members: readonly TemplateMember[],
  service: string,
): readonly TemplateMember[] {
  const running = members.filter(({ services }) => Object.hasOwn(services, service));
  const open = running.filter(({ draining }) => !draining.includes(service));
  const sound = open.filter(({ services }) => services[service] !== 'unhealthy');
  return [sound, open, running].find((pool) => pool.length > 0) ?? [];
}
