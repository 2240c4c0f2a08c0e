import { type MemberView, parseLeaseTag } from '@shoal/common';

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
  for (const member of members) if (leftForItsLease(member)) kept.set(member.name, member);
  return [...kept.values()]
    .filter(({ name }) => !alive.has(name))
    .map((member) => ({ ...member, state: 'alive' as const }));
}

function leftForItsLease({ state, tags }: MemberView): boolean {
  const lease = parseLeaseTag(tags['lease'])?.state;
  return state === 'left' && (lease === 'expired' || lease === 'degraded');
}
