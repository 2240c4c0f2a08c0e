import type { RolloutNodeView, RolloutView, StepEventView } from '@shoal/common';
import { ShoalError } from '@shoal/common';
import type { Command } from 'commander';
import type { ControllerClient } from '../client/client.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { positiveInteger } from '../output/arguments.js';
import { diffText } from '../output/changes.js';
import { failureLines } from '../output/failure.js';
import { formatTable } from '../output/table.js';
import type { Palette } from '../output/text.js';
import { ago, printable } from '../output/text.js';

function seconds(n: RolloutNodeView): string {
  return n.startedAt === null || n.endedAt === null
    ? '-'
    : `${((n.endedAt - n.startedAt) / 1000).toFixed(1)} s`;
}

function paintNodeStatus(status: string, paint: Palette): string {
  if (status === 'succeeded') return paint.good(status);
  return status === 'failed' ? paint.bad(status) : paint.warn(status);
}

function rolloutText(rollout: RolloutView, paint: Palette): string {
  const failures = rollout.nodes.flatMap((n) =>
    n.failure === null ? [] : [failureLines(n.node, n.failure, paint)],
  );
  return [
    `revision ${rollout.revision} (from ${rollout.from || 'nothing'}): ${paintNodeStatus(rollout.status, paint)}, begun ${ago(rollout.startedAt)}\n`,
    formatTable(rollout.nodes, [
      { heading: 'NODE', cell: (n) => n.node },
      { heading: 'STATUS', cell: (n) => paintNodeStatus(n.status, paint) },
      { heading: 'TOOK', cell: seconds, right: true },
    ]),
    ...failures,
  ].join('');
}

/** Longer texts of a step (the diff of a new file) are cut to this many lines; the plan's dry run and the console show them whole. */
const shownLines = 16;

function stepLine(e: StepEventView, paint: Palette): string {
  const [first = '', ...rest] = e.text.trimEnd().split('\n');
  const [head, body] = first.startsWith('--- ') ? ['', [first, ...rest]] : [first, rest];
  const cut = body.length > shownLines;
  const shown = cut ? body.filter((line) => line.startsWith('@@')) : body;
  const lines = shown.map((line) => `    ${diffText(line, paint)}\n`).join('');
  const more = cut ? `    ${paint.dim(`(${body.length} lines)`)}\n` : '';
  return `${paint.dim(`  ${e.service}/${e.step}`)} ${e.kind}${head === '' ? '' : ` ${printable(head)}`}\n${lines}${more}`;
}

/** Prints the live events of a rollout that aren't for the table: steps that change something, and nodes' turns. */
function progress(context: CommandContext): (rollout: RolloutView) => void {
  const told = new Map<string, string>();
  return (rollout) => {
    for (const n of rollout.nodes) {
      if (told.get(n.node) === n.status || n.status === 'pending' || n.status === 'untouched') continue;
      told.set(n.node, n.status);
      const took = n.endedAt === null ? '' : ` in ${seconds(n)}`;
      const word = n.status === 'offered' ? 'converging' : paintNodeStatus(n.status, context.paint);
      context.print(`${context.paint.bold(n.node)}: ${word}${took}\n`);
    }
  };
}

/**
 * Shows a rollout live until it ends.
 *
 * @throws ShoalError `step_failed` when the rollout fails
 */
export async function followRollout(
  context: CommandContext,
  client: ControllerClient,
  revision: number,
): Promise<void> {
  const tell = progress(context);
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, context.interrupted]);
  for await (const event of client.watch('rollout.watch', { revision }, signal)) {
    if (event.type === 'step' && event.event.kind !== 'unchanged' && !context.json) {
      context.print(stepLine(event.event, context.paint));
    }
    if (event.type === 'rollout' && event.rollout.revision === revision) {
      if (!context.json) tell(event.rollout);
      if (event.rollout.status !== 'running') stop.abort();
    }
  }
  const end = await client.call('rollout.get', { revision });
  if (end.status === 'failed') {
    context.show(end, () => '');
    const failed = end.nodes.filter((n) => n.failure !== null);
    const text = failed
      .map((n) => (n.failure === null ? '' : failureLines(n.node, n.failure, context.paint)))
      .join('');
    throw new ShoalError('step_failed', `revision ${revision} was not rolled out\n${text}`.trimEnd(), {
      hint: 'Nodes that it had not reached are untouched. Correct the spec and apply it again.',
    });
  }
  context.show(end, (r) => rolloutText(r, context.paint));
}

async function status(
  context: CommandContext,
  flags: { revision?: number; follow?: boolean },
): Promise<void> {
  const input = flags.revision === undefined ? {} : { revision: flags.revision };
  await context.withClient(async (client) => {
    const rollout = await client.call('rollout.get', input);
    if (flags.follow === true && rollout.status === 'running') {
      await followRollout(context, client, rollout.revision);
      return;
    }
    context.show(rollout, (r) => rolloutText(r, context.paint));
  });
}

/** `shoal rollout status`. */
export function addRolloutCommands(program: Command): void {
  const rollout = program.command('rollout').description('how revisions are brought to the nodes');
  rollout
    .command('status')
    .description('the newest rollout, or that of one revision: each node, and what failed')
    .option('--revision <number>', 'the rollout of that revision', positiveInteger)
    .option('-f, --follow', 'show it live until it ends; exits 7 when it fails')
    .action(action(status));
}
