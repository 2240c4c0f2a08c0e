import type { RolloutStrategy } from '../../spec/spec.js';

export type RevisionStatus = 'pending' | 'rolling-out' | 'active' | 'failed' | 'aborted' | 'superseded';

export interface RevisionView {
  readonly number: number;
  readonly createdAt: number;
  readonly author: string;
  readonly reason: string;
  readonly status: RevisionStatus;
  /** SHA-256 of the spec's text, hex. */
  readonly specHash: string;
  readonly basedOn: number;
}

export interface RevisionDetail extends RevisionView {
  /** The spec, as the author wrote it (YAML). */
  readonly spec: string;
}

/** A change of one value between two specs. */
export interface SpecChange {
  readonly kind: 'added' | 'removed' | 'changed';
  /** Path as people write it: `services.web.params.port`. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** A secret by which two revisions mean different values; versions are names of values, and tell nothing of them. */
export interface SecretChange {
  readonly name: string;
  /** Services of the later revision that use it. */
  readonly services: readonly string[];
  readonly before: string;
  readonly after: string;
}

export interface RevisionDiff {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly SpecChange[];
  /** Secrets of both revisions with another value. */
  readonly secrets: readonly SecretChange[];
  /** Unified diff of the two YAML texts; empty when they are the same. */
  readonly text: string;
}

export interface ApplyResult {
  readonly revision: number;
  /** False when the spec's text and every manifest are the same as in the running revision: nothing was committed. */
  readonly changed: boolean;
}

export interface PlanNode {
  readonly node: string;
  /** `change`, `same`, `new` (nothing runs yet), `remove` (services go away). */
  readonly action: string;
  readonly services: readonly string[];
  /** From the nodes' own dry run, when it was asked for. */
  readonly differences: readonly {
    readonly service: string;
    readonly step: string;
    readonly difference: string;
    /** Why converging would be refused there, with what the refusing program printed; empty: nothing speaks against it. */
    readonly problem: string;
  }[];
  /** Why the dry run is missing, e.g. `not connected`. */
  readonly note: string;
  /** What the node said when it was asked for just this before, and it failed there; empty: it wasn't, or it didn't. */
  readonly refused: string;
}

/** A secret whose newest value isn't the one that the newest revision means. */
export interface PlanSecret {
  readonly name: string;
  /** Services of the spec that use it. */
  readonly services: readonly string[];
}

/** A service that would run another version, or another content, of its blueprint. */
export interface BlueprintChange {
  readonly service: string;
  /** `name@version` before and after; the same when the content was changed in place. */
  readonly before: string;
  readonly after: string;
}

/** How the rollout would go, with the nodes as they are. */
export interface PlanRollout {
  readonly strategy: RolloutStrategy;
  /** Names of the nodes of each batch, in the order of their turns. Nodes that run just this already are in none. */
  readonly batches: readonly (readonly string[])[];
  /** Most nodes under way at once. */
  readonly atOnce: number;
  /** Of a canary: after how many ms the other batches follow by themselves; null: an operator promotes it. */
  readonly promoteAfterMs: number | null;
  /** Whether every node that it changed goes back when one fails, or only the failed one. */
  readonly onFailure: 'undo' | 'stop';
  readonly gate: PlanGate;
  /** Services of which the gate knows no traffic, by name; none when nothing is to be watched. */
  readonly unwatched: readonly UnwatchedService[];
}

/** A service that is judged by its health alone: no log source tells of its traffic, or nothing drains it and the spec doesn't say how long to watch. */
export interface UnwatchedService {
  readonly service: string;
  readonly why: 'untold' | 'undrained';
}

/** What a changed service's traffic must be like, compared with before. */
export interface PlanGate {
  /** How long it is watched, ms; null: 5 s where the service is drained, else not at all. 0: not at all. */
  readonly observeMs: number | null;
  /** Share of failed requests that may be added to that before, 0 to 1. */
  readonly maxErrorRateIncrease: number;
  /** Part of the 95th percentile of the time to answer that may be added to that before. */
  readonly maxLatencyIncrease: number;
  /** Fewer requests are no evidence. */
  readonly minRequests: number;
}

export interface Plan {
  /** Revision that the plan was made against; give it to `spec.apply` as `basedOn`. 0: none yet. */
  readonly basedOn: number;
  /** That revision in words, with what became of it when the nodes don't run it: `revision 8 (aborted, undone; nodes run 7)`. */
  readonly against: string;
  readonly changes: readonly SpecChange[];
  /** Blueprints of services of both revisions that changed. */
  readonly blueprints: readonly BlueprintChange[];
  readonly text: string;
  readonly nodes: readonly PlanNode[];
  readonly rollout: PlanRollout;
  /** Secrets that get a new value by applying. */
  readonly secrets: readonly PlanSecret[];
  /** What applying doesn't refuse and a person should know. */
  readonly warnings: readonly string[];
}
