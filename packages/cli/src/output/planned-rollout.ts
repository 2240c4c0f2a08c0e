import {
  formatDuration,
  gateWords,
  listed,
  nodeFailureWords,
  type PlanRollout,
  promotionWords,
  strategyWords,
  unwatchedWords,
} from '@shoal/common';
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
  const promotion = promotionWords(rollout, formatDuration);
  const byCommand = promoteAfterMs === null ? ': shoal rollout promote' : '';
  return [
    `\nRollout: ${strategyWords(strategy, batches.length)}${bound}${isInLine ? `: ${namedNodes(batches.flat())}` : ''}`,
    ...(isInLine ? [] : batchLines(rollout)),
    ...(promotion === undefined ? [] : [`  after the canary it ${promotion}${byCommand}`]),
    `  gate: ${gateWords(gate, formatDuration)}`,
    ...unwatchedWords(unwatched, namedNodes).map((words) => `    the traffic of ${words}`),
    `  if a node fails, ${nodeFailureWords[onFailure]}`,
    '',
  ].join('\n');
}

function batchLines({ strategy, batches }: PlanRollout): string[] {
  const lines = batches
    .slice(0, shownBatches)
    .map(
      (nodes, index) =>
        `  batch ${index + 1}${strategy === 'canary' && index === 0 ? ' (the canary)' : ''}: ${namedNodes(nodes)}`,
    );
  const more = batches.slice(shownBatches);
  return more.length === 0
    ? lines
    : [...lines, `  and ${more.length} more batches, ${more.flat().length} nodes`];
}

/** Names, of many how many there are and the first ones. */
export function namedNodes(names: readonly string[]): string {
  const words = listed(names.map(printable), named);
  return names.length > named ? `${names.length} nodes: ${words}` : words;
}
