import type { MemberState } from '@shoal/common';
import type { Presence } from '../rollout/state.js';
import type { MeasuredState } from './report.js';
import type { Session } from './session.js';

/** A node without link counts as offline after this time; agents come back within 30 s, and the controller itself may have just started. */
export const awayMs: number = 40_000;

/** What a node's presence and the offers to it are told from. */
export interface Reachable {
  readonly session: Pick<Session, 'offeredAttempt'> | null;
  readonly measured: MeasuredState | null;
  /** Since when it has no link, by the clock of `now`: one that nobody sets. */
  readonly awaySince: number;
}

/** Whether a node can be reached; `member` is the gossip's verdict. */
export function presenceOf(node: Reachable, member: MemberState | undefined, now: number): Presence {
  if (node.session !== null && node.measured !== null) return 'connected';
  if (member === 'dead' || member === 'left') return 'offline';
  return now - node.awaySince < awayMs ? 'away' : 'offline';
}

/** An offer is on its way that the agent didn't report yet to have dealt with. Of agents that don't count them, that isn't known. */
export function isOutstanding({ session, measured }: Reachable): boolean {
  return session !== null && measured?.attempt !== undefined && measured.attempt < session.offeredAttempt;
}
