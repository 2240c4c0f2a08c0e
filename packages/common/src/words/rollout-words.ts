import type { PlanGate, PlanRollout } from '../api/views.js';
import { gateDefaults } from '../spec/gate-defaults.js';
import type { RolloutStrategy } from '../spec/spec.js';

/** Tells a length of time, ms: `5s` in a terminal, `5 s` on a page. */
export type DurationWords = (ms: number) => string;

/** How a rollout goes about it: `one node after another`, `canary first, in 3 batches`; without a count of batches `in batches`. */
export function strategyWords(strategy: RolloutStrategy, batches?: number): string {
  if (strategy === 'all-at-once') return 'all nodes at once';
  if (strategy === 'one-by-one') return 'one node after another';
  const inBatches =
    batches === undefined ? 'in batches' : batches === 1 ? 'in one batch' : `in ${batches} batches`;
  return strategy === 'canary' ? `canary first, ${inBatches}` : inBatches;
}

/** What follows when a node fails, after "if a node fails, ". */
export const nodeFailureWords: Readonly<Record<PlanRollout['onFailure'], string>> = {
  undo: 'every node that was changed goes back to what ran there before',
  stop: 'it goes back and the rollout stops; the nodes before it stay at the new revision',
};

/** What a rollout does after its canary, after "after the canary it "; undefined: it has none, or nothing comes after it. */
export function promotionWords(
  { strategy, batches, promoteAfterMs }: Pick<PlanRollout, 'strategy' | 'batches' | 'promoteAfterMs'>,
  duration: DurationWords,
): string | undefined {
  if (strategy !== 'canary' || batches.length < 2) return undefined;
  return promoteAfterMs === null
    ? 'waits to be promoted'
    : `goes on by itself once that has been healthy for ${duration(promoteAfterMs)}`;
}

/** What a changed service's traffic must be like, in a line: `healthy; traffic watched for 5s: ...`. */
export function gateWords(
  { observeMs, maxErrorRateIncrease, maxLatencyIncrease, minRequests }: PlanGate,
  duration: DurationWords,
): string {
  if (observeMs === 0) return "healthy; traffic isn't watched";
  const time =
    observeMs === null
      ? `${duration(gateDefaults.drainedObserveMs)} where it is drained`
      : duration(observeMs);
  const errors = `at most ${percent(maxErrorRateIncrease)} more errors`;
  const latency = `p95 at most ${percent(maxLatencyIncrease)} longer`;
  return `healthy; traffic watched for ${time}: ${errors}, ${latency} than before, from ${minRequests} requests on`;
}

const unwatchedReasons = {
  undrained: "isn't watched, since it isn't drained; rollout.gate.observe in the spec says how long to watch",
  untold: "can't be watched, since none of its log sources tells of requests",
} as const;

/** The services that the gate judges by their health alone and why: after "the traffic of ", a line for each reason. `list` puts names into a line. */
export function unwatchedWords(
  unwatched: PlanRollout['unwatched'],
  list: (names: readonly string[]) => string,
): string[] {
  return (['undrained', 'untold'] as const).flatMap((reason) => {
    const services = unwatched.filter(({ why }) => why === reason).map(({ service }) => service);
    return services.length === 0 ? [] : [`${list(services)} ${unwatchedReasons[reason]}`];
  });
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}
