import type { MemberView } from '@shoal/common';
import { drainingOfTags, servicesOfTags } from '@shoal/common';

/**
 * What other living members do for a service: one `serves` it (it isn't draining it there, nor unhealthy); it `runs` on some, which don't serve it now;
 * `nowhere` does it run.
 */
export type Elsewhere = 'serves' | 'runs' | 'nowhere';

/** What the members besides `self` do for the service. */
export function elsewhere(members: readonly MemberView[], self: string, service: string): Elsewhere {
  let found: Elsewhere = 'nowhere';
  for (const { name, tags } of members) {
    const services = servicesOfTags(tags);
    if (name === self || !Object.hasOwn(services, service)) continue;
    if (services[service] !== 'unhealthy' && !drainingOfTags(tags).includes(service)) return 'serves';
    found = 'runs';
  }
  return found;
}
