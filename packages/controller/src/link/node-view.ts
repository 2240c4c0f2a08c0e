import type { HashView, MemberState, NodeView } from '@shoal/common';
import { certificateExpiry, type NodeRecord } from '../enrol/node-record.js';
import type { MeasuredState } from './report.js';
import { isHealthy, isSettled } from './report.js';

/** What a node's agent said of itself when its link last began. */
export interface NodeFacts {
  readonly agentVersion: string;
  /** Gossip address, host:port. */
  readonly address: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** All that is known of a node. */
export interface KnownNode {
  readonly record: NodeRecord;
  readonly facts: NodeFacts | null;
  readonly measured: MeasuredState | null;
  /** What operators want drained. */
  readonly drainAsked: readonly string[];
  readonly connected: boolean;
  readonly lastSeenAt: number | null;
  readonly member: MemberState | null;
  readonly desired: HashView | null;
}

/** One word for a node; the order of the checks is their weight for people. */
function statusOf({ measured, connected, member, desired }: KnownNode): NodeView['status'] {
  if (!connected) {
    if (measured === null) return 'new';
    return member === 'dead' || member === 'left' ? 'down' : 'unreachable';
  }
  if (measured === null) return 'new';
  if (!isSettled(measured)) return 'converging';
  if (presentFailure(measured, desired) !== null) return 'failed';
  if (!isHealthy(measured)) return 'unhealthy';
  if (desired !== null && desired.hash !== measured.runningHash) return 'behind';
  return (measured.drifts ?? []).length > 0 ? 'drifted' : 'ok';
}

/** What the operations show of a node. */
export function nodeView(node: KnownNode): NodeView {
  const { record, facts, measured, connected, lastSeenAt, member, desired } = node;
  const runs = measured !== null && measured.runningHash !== '';
  return {
    name: record.name,
    site: record.site,
    address: facts?.address ?? '',
    agentVersion: facts?.agentVersion ?? record.agentVersion,
    facts: facts?.facts ?? {},
    enrolledAt: record.enrolledAt,
    certificateExpiresAt: certificateExpiry(record),
    connected,
    lastSeenAt,
    member,
    desired,
    failed: measured === null ? null : presentFailure(measured, desired),
    running: runs ? { hash: measured.runningHash, revision: runningRevision(measured, desired) } : null,
    state: measured?.state ?? 'unknown',
    services: measured?.services ?? [],
    gossipKeys: measured?.gossipKeys ?? null,
    draining: measured?.draining ?? [],
    drainAsked: node.drainAsked,
    drifts: measured?.drifts ?? [],
    lease: measured?.lease ?? null,
    status: statusOf(node),
  };
}

/** What failed last, unless a success followed: then it is history, also when the success was to run that content already. */
function presentFailure(measured: MeasuredState, desired: HashView | null): MeasuredState['failed'] {
  const { failed } = measured;
  return failed !== null && failed.revision >= runningRevision(measured, desired) ? failed : null;
}

/** A node that runs a revision's content runs that revision, although it got the content with an earlier one. */
function runningRevision(measured: MeasuredState, desired: HashView | null): number {
  return desired !== null && desired.hash === measured.runningHash
    ? desired.revision
    : measured.runningRevision;
}
