import type { MemberView } from '@shoal/common';
import { drainingOfTags, servicesOfTags } from '@shoal/common';

/** Whether another living member takes the service's requests: it runs it, isn't draining it, and isn't unhealthy. */
export function servedElsewhere(members: readonly MemberView[], self: string, service: string): boolean {
  return members.some(({ name, tags }) => {
    if (name === self || drainingOfTags(tags).includes(service)) return false;
    const services = servicesOfTags(tags);
    return Object.hasOwn(services, service) && services[service] !== 'unhealthy';
  });
}
