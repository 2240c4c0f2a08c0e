import { isRolloutEnded, type RolloutNodeView, type RolloutView, type StepEventView } from '@shoal/common';
import { diffText } from './changes.js';
import { failureLines } from './failure.js';
import { formatTable } from './table.js';
import type { Palette } from './text.js';
import { ago, printable } from './text.js';

function seconds({ startedAt, endedAt }: Pick<RolloutNodeView, 'startedAt' | 'endedAt'>): string {
  return startedAt === null || endedAt === null ? '-' : `${((endedAt - startedAt) / 1000).toFixed(1)} s`;
}

/** A status of a rollout or of a node in it, by its weight for people. */
export function paintRolloutStatus(status: string, paint: Palette): string {
  if (status === 'succeeded') return paint.good(status);
  return status === 'failed' ? paint.bad(status) : paint.warn(status);
}

/** How many of the nodes that it touches have succeeded: `2 of 5`. */
function done({ nodes }: RolloutView): string {
  return `${nodes.filter(({ status }) => status === 'succeeded').length} of ${nodes.length}`;
}

/** The failures of a rollout's nodes. */
export function failuresText({ nodes }: RolloutView, paint: Palette): string {
  return nodes
    .map(({ node, failure }) => (failure === null ? '' : failureLines(node, failure, paint)))
    .join('');
}

/** A rollout with its nodes; what it waits for and what to type next stands at the top. */
export function rolloutText(rollout: RolloutView, paint: Palette): string {
  const { revision, from, status, strategy, batches, startedAt, endedAt, undone } = rollout;
  const how = `${strategy}${batches > 1 ? `, ${batches} batches` : ''}`;
  const end = undone ? `${paintRolloutStatus(status, paint)}, undone` : paintRolloutStatus(status, paint);
  const took = endedAt === null ? '' : `, took ${seconds(rollout)}`;
  return [
    `revision ${revision} (from ${from || 'nothing'}): ${end}, ${how}, begun ${ago(startedAt)}${took}\n`,
    rollout.message === '' ? '' : `${printable(rollout.message)}\n`,
    formatTable(rollout.nodes, [
      { heading: 'BATCH', cell: (n) => (n.batch === 0 ? '-' : String(n.batch)), right: true },
      { heading: 'NODE', cell: (n) => n.node },
      { heading: 'STATUS', cell: (n) => paintRolloutStatus(n.status, paint) },
      { heading: 'TOOK', cell: seconds, right: true },
    ]),
    failuresText(rollout, paint),
  ].join('');
}

/** Rollouts, one a line. */
export function rolloutTable(rollouts: readonly RolloutView[], paint: Palette): string {
  return formatTable(rollouts, [
    { heading: 'REVISION', cell: (r) => String(r.revision), right: true },
    { heading: 'STATUS', cell: (r) => paintRolloutStatus(r.status, paint) },
    { heading: 'UNDONE', cell: (r) => (r.undone ? 'yes' : '-') },
    { heading: 'STRATEGY', cell: (r) => r.strategy },
    { heading: 'NODES', cell: done },
    { heading: 'BEGUN', cell: (r) => ago(r.startedAt) },
    { heading: 'TOOK', cell: seconds, right: true },
  ]);
}

/** Longer texts of a step (the diff of a new file) are cut to this many lines; the plan's dry run and the console show them whole. */
const shownLines = 16;

/** What a step told, for people. */
export function stepLine(e: StepEventView, paint: Palette): string {
  const [first = '', ...rest] = e.text.trimEnd().split('\n');
  const [head, body] = first.startsWith('--- ') ? ['', [first, ...rest]] : [first, rest];
  const cut = body.length > shownLines;
  const shown = cut ? body.filter((line) => line.startsWith('@@')) : body;
  const lines = shown.map((line) => `    ${diffText(line, paint)}\n`).join('');
  const more = cut ? `    ${paint.dim(`(${body.length} lines)`)}\n` : '';
  return `${paint.dim(`  ${e.node} ${e.service}/${e.step}`)} ${e.kind}${head === '' ? '' : `: ${printable(head)}`}\n${lines}${more}`;
}

const words: Readonly<Record<string, string>> = { offered: 'converging', undoing: 'going back' };

/** Tells the news of a rollout, each once: nodes' turns, batches, and what it waits for. */
export function createProgress(paint: Palette): (rollout: RolloutView) => string {
  const told = new Map<string, string>();
  let batch = 0;
  let message = '';
  return (rollout) => {
    const lines: string[] = [];
    for (const n of rollout.nodes) {
      if (told.get(n.node) === n.status || n.status === 'pending' || n.status === 'untouched') continue;
      // The change doesn't touch it.
      if (n.batch === 0 && n.status === 'succeeded') continue;
      if (n.status === 'offered' && n.batch > batch) {
        batch = n.batch;
        if (rollout.batches > 1) lines.push(paint.dim(`batch ${batch} of ${rollout.batches}`));
      }
      told.set(n.node, n.status);
      const took = n.endedAt === null || n.startedAt === null ? '' : ` in ${seconds(n)}`;
      const word = words[n.status] ?? paintRolloutStatus(n.status, paint);
      lines.push(`${paint.bold(n.node)}: ${word}${took}`);
    }
    const isAtWork = rollout.nodes.some(({ status }) => status === 'offered');
    const isNews = rollout.message !== message && rollout.message !== '';
    message = rollout.message;
    // While nodes are at work they speak for themselves; the end has its own words.
    const tells = !isRolloutEnded(rollout.status) && (rollout.status !== 'running' || !isAtWork);
    if (isNews && tells) lines.push(`${paint.warn(rollout.status)}: ${printable(message)}`);
    return lines.map((line) => `${line}\n`).join('');
  };
}
