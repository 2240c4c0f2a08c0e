import { type NodeRecord, sameBytes } from '../../core/index.js';
import type { Fate, Truth } from './truth.js';

const isActive = (node: NodeRecord): boolean => node.status === 'alive' || node.status === 'suspect';

/** How an observer's view of a member differs from what the member says of itself, if it does. */
function difference(seen: NodeRecord | undefined, own: NodeRecord): string | undefined {
  if (seen?.status !== 'alive') return `believed ${seen?.status ?? 'unknown'}, but it is alive`;
  if (seen.incarnation !== own.incarnation)
    return `known at incarnation ${seen.incarnation}, but it is at ${own.incarnation}`;
  const nothing = new Uint8Array(0);
  return sameBytes(seen.meta ?? nothing, own.meta ?? nothing) ? undefined : 'its tags are out of date';
}

/** One belief that is not the truth. */
export interface Difference {
  readonly observer: Fate;
  readonly subject: string;
  readonly text: string;
}

/** Beliefs that are not the truth, of each observer at most one. Looks at all of all views. */
export function* differences(truth: Truth): Generator<Difference> {
  const members = truth.fates.filter((fate) => truth.isMember(fate));
  for (const observer of members) {
    const found = firstDifference(truth, observer, members);
    if (found) yield { observer, ...found };
  }
}

function firstDifference(
  truth: Truth,
  observer: Fate,
  members: readonly Fate[],
): { subject: string; text: string } | undefined {
  for (const member of members) {
    const text = difference(observer.node.core.member(member.name), member.node.core.self);
    if (text !== undefined) return { subject: member.name, text };
  }
  const extra = observer.node.core.members().find((node) => {
    const fate = truth.of(node.name);
    return isActive(node) && !(fate && truth.isMember(fate));
  });
  return extra && { subject: extra.name, text: `believed ${extra.status}, but it is gone` };
}
