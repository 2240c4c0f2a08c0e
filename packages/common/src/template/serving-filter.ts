import type { FilterImplOptions } from 'liquidjs';
import { type PoolMemory, poolMemory, servingMembers, type TemplateMember } from './serving.js';

/**
 * `members | serving: "gateway"`: as `servingMembers`. Over all members (a list that a template narrowed before may become empty) the pool that was
 * rendered last stands in for an empty one.
 */
export const servingFilter: FilterImplOptions = function (members: unknown, service: unknown) {
  if (!Array.isArray(members) || typeof service !== 'string') {
    throw new Error('serving: expected a list of members and a service\'s name: members | serving: "web"');
  }
  this.context.memoryLimit.use(members.length);
  const pool = servingMembers(members as TemplateMember[], service);
  const context = this.context.environments as { members?: unknown; [poolMemory]?: PoolMemory };
  const memory = context[poolMemory];
  if (members !== context.members || memory === undefined) return pool;
  const kept = pool.length > 0 ? pool : (memory.last(service) ?? []);
  memory.took(service, kept);
  return kept;
};
