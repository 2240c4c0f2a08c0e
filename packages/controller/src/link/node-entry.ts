import type { NodeRecord } from '../enrol/node-record.js';
import type { NodeFacts } from './node-view.js';
import type { MeasuredState } from './report.js';
import type { Session } from './session.js';

/** What the store keeps of a node's last report, key `reports/<node>`. */
export interface StoredReport {
  readonly node: string;
  readonly facts: NodeFacts | null;
  readonly measured: MeasuredState;
  readonly at: number;
}

/** One node, as the controller holds it in memory. */
export interface Entry {
  record: NodeRecord;
  facts: NodeFacts | null;
  measured: MeasuredState | null;
  lastSeenAt: number | null;
  /** Since when it has no link, by `NodesComponents.monotonic`; the controller's start when it had none yet. */
  awaySince: number;
  session: Session | null;
  /** When its lease was renewed last, by the same clock; -Infinity: that is still to be done. */
  leaseAt: number;
  dirty: boolean;
}

/** A node of which nothing was measured yet; `now`: by `NodesComponents.monotonic`. */
export function freshEntry(record: NodeRecord, now: number): Entry {
  return {
    record,
    facts: null,
    measured: null,
    lastSeenAt: null,
    awaySince: now,
    session: null,
    leaseAt: 0,
    dirty: false,
  };
}
