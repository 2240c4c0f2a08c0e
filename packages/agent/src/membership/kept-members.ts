import { type MemberView, parseLeaseTag, servicesOfTags } from '@shoal/common';

/**
 * Nodes that serve on although the gossip doesn't call them alive: they left it for want of a lease, or aren't back in it yet after they did.
 * `live`: those that are alive; `known`: those that were shown before; `members`: all that the gossip knows.
 */
export function keptMembers(
  live: readonly MemberView[],
  known: readonly MemberView[],
  members: readonly MemberView[],
): MemberView[] {
  const told = new Map(members.map((member) => [member.name, member]));
  const alive = new Set(live.map(({ name }) => name));
  const kept = new Map<string, MemberView>();
  for (const member of known) if (!told.has(member.name)) kept.set(member.name, member);
  for (const member of members)
    if (member.state === 'left' && hasNoLease(member)) kept.set(member.name, member);
  return [...kept.values()]
    .filter(({ name }) => !alive.has(name))
    .map((member) => ({ ...member, state: 'alive' as const }));
}

/**
 * Those of them that a node shows whose own lease is in order: nodes without a lease that run a service of which fewer are alive than left for that reason. They serve on, and
 * the rest may not bear what all of them did.
 */
export function neededMembers(
  live: readonly MemberView[],
  known: readonly MemberView[],
  members: readonly MemberView[],
): MemberView[] {
  const gone = keptMembers(live, known, members).filter(hasNoLease);
  const alive = runners(live);
  const left = runners(gone);
  return gone.filter((member) =>
    soundServices(member).some((service) => (alive.get(service) ?? 0) < (left.get(service) ?? 0)),
  );
}

/** How many of them run each service, and not badly. */
function runners(members: readonly MemberView[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const service of members.flatMap(soundServices)) counts.set(service, (counts.get(service) ?? 0) + 1);
  return counts;
}

function soundServices({ tags }: MemberView): string[] {
  const services = Object.entries(servicesOfTags(tags));
  return services.filter(([, health]) => health !== 'unhealthy').map(([service]) => service);
}

function hasNoLease({ tags }: MemberView): boolean {
  const lease = parseLeaseTag(tags['lease'])?.state;
  return lease === 'expired' || lease === 'degraded';
}
