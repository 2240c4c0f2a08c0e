import type { RolloutStrategy } from '../../spec/spec.js';
import type { FailureView } from './node-views.js';

/**
 * `running`, `paused` (by an operator: nodes under way end, no other begins), `awaiting-promotion` (the canary has succeeded), `undoing` (what it changed goes back:
 * a node failed, or an operator aborted it). Ends: `succeeded`; `failed`; `aborted`; `superseded`, a newer revision was applied before this one had reached every node.
 */
export type RolloutStatus =
  | 'running'
  | 'paused'
  | 'awaiting-promotion'
  | 'undoing'
  | 'succeeded'
  | 'failed'
  | 'aborted'
  | 'superseded';

/**
 * `pending`: its turn comes later; `offered`: under way; `offline`: skipped, it is offered the revision when it comes back; `untouched`: the rollout ended before its
 * turn; `undoing`: it goes back to what it ran before; `undone`: it was measured to run that again.
 */
export type RolloutNodeStatus =
  | 'pending'
  | 'offered'
  | 'succeeded'
  | 'failed'
  | 'offline'
  | 'untouched'
  | 'undoing'
  | 'undone';

export interface RolloutNodeView {
  readonly node: string;
  readonly status: RolloutNodeStatus;
  /** Which batch it is in, from 1 on; 0: none, since the change doesn't touch it. */
  readonly batch: number;
  /** Revision that it ran before and goes back to; 0: none. */
  readonly previous: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly failure: FailureView | null;
}

/** Bringing nodes from one revision to another. Its id is the target revision's number. */
export interface RolloutView {
  readonly revision: number;
  readonly from: number;
  readonly status: RolloutStatus;
  readonly strategy: RolloutStrategy;
  /** Number of batches. */
  readonly batches: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** When a canary goes on by itself; null: it doesn't, or not now. */
  readonly promoteAt: number | null;
  /** When the whole rollout counts as failed; null: never, or it is paused. */
  readonly deadlineAt: number | null;
  /** True when it was undone: every node that it changed and that can be reached was measured to run what it ran before. */
  readonly undone: boolean;
  /** What an operator asked of it last; null: nothing. */
  readonly request: RolloutRequestView | null;
  /** What happens, what it waits for and what can be done about it, in a sentence or two; empty: nothing needs to be said. */
  readonly message: string;
  readonly nodes: readonly RolloutNodeView[];
}

/** What an operator asked of a rollout. */
export interface RolloutRequestView {
  readonly what: 'pause' | 'resume' | 'promote' | 'retry' | 'abort';
  readonly by: string;
  readonly at: number;
}

export interface StepEventView {
  readonly node: string;
  readonly revision: number;
  readonly service: string;
  readonly step: string;
  readonly kind: string;
  readonly text: string;
  readonly at: number;
}
