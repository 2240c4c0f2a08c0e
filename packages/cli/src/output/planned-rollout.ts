import { formatDuration, gateDefaults, type PlanGate, type PlanRollout } from '@shoal/common';
import { printable } from './text.js';

/** Most nodes of a batch that are named; of more, how many there are. */
const named = 8;
/** Most batches that have a line each. */
const shownBatches = 12;

/** How a rollout would go, for people: strategy, who is in which batch, what it waits for, the gate in a line. */
export function plannedRolloutText(rollout: PlanRollout): string {
  const { strategy, batches, atOnce, promoteAfterMs, onFailure, gate, unwatched } = rollout;
  if (batches.length === 0) return '\nRollout: none, every node runs just this already\n';
  const isInLine = strategy === 'one-by-one' || batches.length === 1;
  const bound = batches.some((nodes) => nodes.length > atOnce) ? `, at most ${atOnce} at once` : '';
  const waits = strategy === 'canary' && batches.length > 1;
  const promotion =
    promoteAfterMs === null
      ? 'waits to be promoted: shoal rollout promote'
      : `goes on by itself once that has been healthy for ${formatDuration(promoteAfterMs)}`;
  return [
    `\nRollout: ${strategyWords(rollout)}${bound}${isInLine ? `: ${listed(batches.flat())}` : ''}`,
    ...(isInLine ? [] : batchLines(rollout)),
    ...(waits ? [`  after the canary it ${promotion}`] : []),
    `  gate: ${gateWords(gate)}`,
    ...unwatchedLines(unwatched),
    `  if a node fails, ${failureWords[onFailure]}`,
    '',
  ].join('\n');
}

const failureWords = {
  undo: 'every node that was changed goes back to what ran there before',
  stop: 'it goes back and the rollout stops; the nodes before it stay at the new revision',
} as const;

function strategyWords({ strategy, batches }: PlanRollout): string {
  if (strategy === 'all-at-once') return 'all nodes at once';
  if (strategy === 'one-by-one') return 'one node after another';
  const inBatches = batches.length === 1 ? 'in one batch' : `in ${batches.length} batches`;
  return strategy === 'canary' ? `canary first, ${inBatches}` : inBatches;
}

function batchLines({ strategy, batches }: PlanRollout): string[] {
  const lines = batches
    .slice(0, shownBatches)
    .map(
      (nodes, index) =>
        `  batch ${index + 1}${strategy === 'canary' && index === 0 ? ' (the canary)' : ''}: ${listed(nodes)}`,
    );
  const more = batches.slice(shownBatches);
  return more.length === 0
    ? lines
    : [...lines, `  and ${more.length} more batches, ${more.flat().length} nodes`];
}

/** Names, of many the first ones and how many there are. */
export function listed(nodes: readonly string[]): string {
  const words = nodes.slice(0, named).map(printable).join(', ');
  return nodes.length > named ? `${nodes.length} nodes: ${words} and ${nodes.length - named} more` : words;
}

/** What a changed service's traffic must be like, in a line. */
function gateWords({ observeMs, maxErrorRateIncrease, maxLatencyIncrease, minRequests }: PlanGate): string {
  const healthy = 'healthy';
  if (observeMs === 0) return `${healthy}; traffic isn't watched`;
  const time =
    observeMs === null
      ? `${formatDuration(gateDefaults.drainedObserveMs)} where it is drained`
      : formatDuration(observeMs);
  const errors = `at most ${percent(maxErrorRateIncrease)} more errors`;
  const latency = `p95 at most ${percent(maxLatencyIncrease)} longer`;
  return `${healthy}; traffic watched for ${time}: ${errors}, ${latency} than before, from ${minRequests} requests on`;
}

const unwatchedWords = {
  undrained: "isn't watched, since it isn't drained; rollout.gate.observe in the spec says how long to watch",
  untold: "can't be watched, since none of its log sources tells of requests",
} as const;

/** What goes by health alone, by the reason. */
function unwatchedLines(unwatched: PlanRollout['unwatched']): string[] {
  return (['undrained', 'untold'] as const).flatMap((reason) => {
    const services = unwatched.filter(({ why }) => why === reason).map(({ service }) => service);
    return services.length === 0 ? [] : [`    the traffic of ${listed(services)} ${unwatchedWords[reason]}`];
  });
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}
