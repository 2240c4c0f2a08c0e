import { type NodeCount, parseDuration, type RolloutPolicy, type RolloutStrategy } from '@shoal/common';

/** How a rollout goes about it: the spec's `rollout` with its defaults filled in. Times in milliseconds. */
export interface Policy {
  readonly strategy: RolloutStrategy;
  readonly batch: NodeCount;
  readonly canary: {
    readonly nodes: NodeCount | readonly string[];
    /** Null: an operator promotes it. */
    readonly promoteAfterMs: number | null;
  };
  /** Null: the batch; then nodes that are down, unhealthy or drained for another reason don't count. */
  readonly maxUnavailable: NodeCount | null;
  readonly order: readonly string[];
  readonly nodeDeadlineMs: number;
  readonly deadlineMs: number | null;
  readonly onFailure: 'undo' | 'stop';
}

/** The policy that a spec asks for. */
export function policyOf(rollout: RolloutPolicy = {}): Policy {
  const { canary = {}, deadline } = rollout;
  const { promote = 'manual' } = canary;
  return {
    strategy: rollout.strategy ?? 'one-by-one',
    batch: rollout.batch ?? '25%',
    canary: {
      nodes: canary.nodes ?? 1,
      promoteAfterMs: promote === 'manual' ? null : parseDuration(promote),
    },
    maxUnavailable: rollout.maxUnavailable ?? null,
    order: rollout.order ?? [],
    nodeDeadlineMs: parseDuration(rollout.nodeDeadline ?? '5m'),
    deadlineMs: deadline === undefined ? null : parseDuration(deadline),
    onFailure: rollout.onFailure ?? 'undo',
  };
}

/** How many nodes are meant, of `total`; at least one. */
export function countOf(count: NodeCount, total: number): number {
  const wanted = typeof count === 'number' ? count : Math.floor((parseInt(count, 10) * total) / 100);
  return Math.max(1, wanted);
}
