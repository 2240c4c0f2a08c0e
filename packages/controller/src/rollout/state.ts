import type { FailureView, RolloutNodeStatus, RolloutRequestView, RolloutStatus } from '@shoal/common';
import type { Policy } from './policy.js';

/** One node's part in a rollout. */
export interface RolloutNode {
  readonly node: string;
  readonly status: RolloutNodeStatus;
  /** From 1 on; 0: the change doesn't touch it. */
  readonly batch: number;
  /** Revision that it goes back to: the last that it was measured to run when the rollout met it, else the one that was active; 0: none. */
  readonly previous: number;
  /** Number of what it was last asked for, as `ObservedNode.attempt`; 0: nothing yet. */
  readonly attempt: number;
  /** When it was offered the revision; null: not yet, or it ran the same content already. */
  readonly startedAt: number | null;
  /** When it counts as failed while it is under way, ms since the epoch; null: it isn't. */
  readonly deadlineAt: number | null;
  readonly endedAt: number | null;
  readonly failure: FailureView | null;
}

/** Both clocks of this host at one moment. */
export interface ClockReading {
  /** Milliseconds since the epoch, as somebody set them. */
  readonly at: number;
  /** Milliseconds that passed since this boot, whatever anybody sets. */
  readonly elapsed: number;
  /** Id of the boot: `elapsed` of another one tells nothing. */
  readonly boot: string;
}

/** A rollout. Its id is the target revision's number. */
export interface RolloutState {
  readonly revision: number;
  /** Revision that was active when it began; 0: none. */
  readonly from: number;
  readonly status: RolloutStatus;
  readonly policy: Policy;
  /** Number of batches; 0: the nodes weren't met yet. */
  readonly batches: number;
  /** Most nodes under way at once. */
  readonly bound: number;
  /** Nodes of a full batch. */
  readonly size: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** When the whole rollout counts as failed, ms since the epoch; null: never. While it is paused it stands still. */
  readonly deadlineAt: number | null;
  readonly pausedAt: number | null;
  /** Since when the canary is through and healthy; null: it isn't. */
  readonly canaryAt: number | null;
  /** The batches after the canary may begin. */
  readonly promoted: boolean;
  /** Why it failed, in words; empty: it didn't. */
  readonly cause: string;
  /** What it ends with once it is undone. */
  readonly ending: 'failed' | 'aborted';
  /** It was undone: see `RolloutView.undone`. */
  readonly undone: boolean;
  /** Why no node is under way although some are to come, in words; empty: one is. */
  readonly waits: string;
  readonly request: RolloutRequestView | null;
  /** What nodes go back to that the superseded rollout before it was about to undo, by name. */
  readonly carried: Readonly<Record<string, number>>;
  readonly nodes: readonly RolloutNode[];
  /** The clocks by which its times were last kept; null: they weren't yet. */
  readonly clock: ClockReading | null;
}

/**
 * Whether a node can be reached: `connected` by its link; `away`, no link but not long enough, or the controller itself has just started,
 * so it is waited for; `offline`: skipped until it comes back.
 */
export type Presence = 'connected' | 'away' | 'offline';

/** What is measured of a node, with regard to the rollout's revision. */
export interface ObservedNode {
  readonly presence: Presence;
  readonly site: string;
  /** Nodes of a lower one come first: what they run is needed by what the others run. */
  readonly rank: number;
  /** Content hash of its manifest at the rollout's revision. */
  readonly hash: string;
  /** Content hash of its manifest at the revision that it would go back to (`RolloutNode.previous`); empty: there is none. */
  readonly back: string;
  /** Content hash that it runs; empty: nothing yet. */
  readonly running: string;
  readonly failed: {
    readonly hash: string;
    readonly revision: number;
    /** 0: its agent doesn't count attempts. */
    readonly attempt: number;
    readonly failure: FailureView;
  } | null;
  /** False while it is converging to something. */
  readonly settled: boolean;
  /** No service of it is unhealthy. */
  readonly healthy: boolean;
  /** It runs, or is to run, a service that the change touches. */
  readonly affected: boolean;
  /** An operator drains such a service on it. */
  readonly drained: boolean;
  /** Last revision that it was measured to run; 0: none. */
  readonly good: number;
  /** Number of the last thing that was asked of it; 0: none. */
  readonly attempt: number;
}

/** All nodes of the cluster at one time (ms since the epoch). */
export interface Observation {
  readonly at: number;
  readonly nodes: ReadonlyMap<string, ObservedNode>;
}

/** From now on the node shall be at `revision`. */
export interface TargetChange {
  readonly node: string;
  /** 0: nothing is asked of it. */
  readonly revision: number;
  /** The last revision that it was measured to run; 0: none. */
  readonly good: number;
  /** Rises when the node is asked anew; then it tries, although the content failed there before. */
  readonly attempt: number;
  /** It goes back to what it ran: the gate doesn't judge its traffic. */
  readonly undo: boolean;
}

/** The next state with the targets that come with it. */
export interface Advance {
  readonly state: RolloutState;
  /** To be stored in the same transaction as `state`, then acted upon. */
  readonly targets: readonly TargetChange[];
}

/** A rollout at its beginning; `advance` meets the nodes. */
export function beginRollout(options: {
  readonly revision: number;
  readonly from: number;
  readonly at: number;
  readonly policy: Policy;
  readonly carried?: Readonly<Record<string, number>>;
}): RolloutState {
  const { revision, from, at, policy, carried = {} } = options;
  return {
    revision,
    from,
    status: 'running',
    policy,
    batches: 0,
    bound: 0,
    size: 0,
    startedAt: at,
    endedAt: null,
    deadlineAt: policy.deadlineMs === null ? null : at + policy.deadlineMs,
    pausedAt: null,
    canaryAt: null,
    promoted: false,
    cause: '',
    ending: 'failed',
    undone: false,
    waits: '',
    request: null,
    carried,
    nodes: [],
    clock: null,
  };
}

/** True for a node whose turn hasn't come. */
export function isWaiting({ status }: RolloutNode): boolean {
  return status === 'pending' || status === 'offline';
}

/** The nodes as they stay when the rollout ends before the turn of those that wait. */
export function withoutTurn(nodes: readonly RolloutNode[]): RolloutNode[] {
  return nodes.map((node) => (isWaiting(node) ? { ...node, status: 'untouched' as const } : node));
}

/** True when its agent's last word is that it failed and couldn't take back all that it had changed: what it runs isn't what it was before. */
export function isHalfUndone({ failed }: Pick<ObservedNode, 'failed'>): boolean {
  return failed !== null && !failed.failure.undone;
}

/** True when the node was measured to run `hash`, whole, and to be at work on nothing else. */
export function runs(seen: ObservedNode, hash: string): boolean {
  return seen.presence === 'connected' && seen.settled && seen.running === hash && !isHalfUndone(seen);
}

/** The node's own failure at what it was asked for with `hash` at `revision`; null: it didn't fail at that. */
export function failureAt(
  { attempt }: RolloutNode,
  { failed }: ObservedNode,
  hash: string,
  revision: number,
): FailureView | null {
  if (failed === null || failed.hash !== hash) return null;
  // The number of the attempt tells this failure from an earlier one of the same content; agents that don't count tell the revision.
  const isThis = failed.attempt > 0 ? failed.attempt >= attempt : failed.revision >= revision;
  return isThis ? failed.failure : null;
}

/** A node that didn't do what it was asked for in time. */
export function deadlineFailure(presence: Presence, nodeDeadlineMs: number): FailureView {
  const seconds = Math.round(nodeDeadlineMs / 1000);
  const message =
    presence === 'connected'
      ? `It didn't converge within ${seconds} s`
      : `It lost its link and didn't come back within ${seconds} s of the offer`;
  return { service: '', step: 'deadline', message, output: '', undone: false };
}
