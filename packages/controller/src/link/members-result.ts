import { type MemberState, type MemberView, ShoalError } from '@shoal/common';

const states: ReadonlySet<unknown> = new Set<MemberState>(['alive', 'suspect', 'dead', 'left']);

function member(value: unknown): MemberView | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, address, port, state, tags, incarnation, since } = value as Record<string, unknown>;
  if (typeof name !== 'string' || typeof address !== 'string' || !states.has(state)) return undefined;
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    name,
    address: typeof port === 'number' ? `${host}:${port}` : address,
    state: state as MemberState,
    tags: typeof tags === 'object' && tags !== null ? (tags as Record<string, string>) : {},
    incarnation: typeof incarnation === 'number' ? incarnation : 0,
    since: typeof since === 'number' ? since : 0,
  };
}

/** The members that an agent answered, as JSON of `Member` of @shoal/gossip or of `MemberView`. @throws ShoalError `internal` when it is neither */
export function parseMembers(json: string, node: string): readonly MemberView[] {
  try {
    const values: unknown = JSON.parse(json);
    if (Array.isArray(values)) return values.map(member).filter((view) => view !== undefined);
  } catch {
    // Told below.
  }
  throw new ShoalError('internal', `Node "${node}" answered with members that can't be read`);
}
