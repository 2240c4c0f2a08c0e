import {
  parseSpec,
  type RevisionDetail,
  type RevisionDiff,
  type RevisionView,
  type RolloutStrategy,
} from '@shoal/common';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { positiveInteger } from '../output/arguments.js';
import { changeLines, diffText, secretLines } from '../output/changes.js';
import { strategyLine, strategyOption } from '../output/strategy.js';
import { formatTable } from '../output/table.js';
import type { Palette } from '../output/text.js';
import { localTime, printable } from '../output/text.js';
import { followApplied } from './applied.js';

function revisionTable(revisions: readonly RevisionView[]): string {
  return formatTable(revisions, [
    { heading: 'REVISION', cell: (r) => String(r.number), right: true },
    { heading: 'STATUS', cell: (r) => r.status },
    { heading: 'TIME', cell: (r) => localTime(r.createdAt) },
    { heading: 'AUTHOR', cell: (r) => r.author },
    { heading: 'REASON', cell: (r) => printable(r.reason) || '-' },
  ]);
}

/** What `show` says about a revision; to standard error, so that the spec itself can be piped to `shoal apply -`. */
function revisionHead(r: RevisionDetail): string {
  return `revision ${r.number}, ${r.status}, by ${r.author} at ${localTime(r.createdAt)}${r.reason === '' ? '' : `: ${printable(r.reason)}`}`;
}

/** Two revisions compared, for people. */
export function diffOf(diff: RevisionDiff, paint: Palette): string {
  if (diff.text === '' && diff.secrets.length === 0)
    return `Revisions ${diff.from} and ${diff.to} are the same.\n`;
  const changes = `${changeLines(diff.changes, paint)}${secretLines(diff.secrets, paint)}`;
  return `${changes}\n${diffText(diff.text, paint)}`.trimEnd().concat('\n');
}

async function diff(
  context: CommandContext,
  from: number | undefined,
  to: number | undefined,
): Promise<void> {
  const input = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const answer = await context.withClient((client) => client.call('revision.diff', input));
  context.show(answer, (d) => diffOf(d, context.paint));
}

interface RestoreFlags {
  readonly reason?: string;
  readonly basedOn?: number;
  readonly detach?: boolean;
  readonly strategy?: RolloutStrategy;
}

async function restore(context: CommandContext, number: string, flags: RestoreFlags): Promise<void> {
  const revision = positiveInteger(number);
  const input = {
    revision,
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(flags.basedOn === undefined ? {} : { basedOn: flags.basedOn }),
    ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
  };
  await context.withClient(async (client) => {
    if (!context.json) {
      const { spec } = await client.call('revision.get', { number: revision });
      const { rollout } = parseSpec(spec, `revision ${revision}`);
      context.progress(() => strategyLine(rollout, revision, flags.strategy));
    }
    await followApplied(context, client, await client.call('spec.restore', input), flags);
  });
}

/** `shoal revision ls|show|diff|restore`. */
export function addRevisionCommands(program: Command): void {
  const revision = program.command('revision').description('the numbered, immutable snapshots of the spec');
  revision
    .command('ls')
    .description('list revisions, the newest first')
    .option('-n, --limit <count>', 'at most that many', positiveInteger, 20)
    .action(
      action(async (context: CommandContext, flags: { limit: number }) => {
        const answer = await context.withClient((client) =>
          client.call('revision.list', { limit: flags.limit }),
        );
        context.show(answer.revisions, revisionTable);
      }),
    );
  revision
    .command('show [number]')
    .description("a revision's spec; without a number the newest")
    .action(
      action(async (context: CommandContext, number: string | undefined) => {
        const input = number === undefined ? {} : { number: positiveInteger(number) };
        const answer = await context.withClient((client) => client.call('revision.get', input));
        if (!context.json) context.note(revisionHead(answer));
        context.show(answer, (r) => r.spec);
      }),
    );
  revision
    .command('diff [from] [to]')
    .description('what changed between two revisions; by default what the newest changed')
    .action(
      action(async (context: CommandContext, from: string | undefined, to: string | undefined) => {
        await diff(
          context,
          from === undefined ? undefined : positiveInteger(from),
          to === undefined ? undefined : positiveInteger(to),
        );
      }),
    );
  revision
    .command('restore <number>')
    .description(
      'commit that revision as a new one, with the blueprints that it had, and roll it out; exits as apply does',
    )
    .option('--reason <text>', 'why; kept with the revision')
    .option(
      '--based-on <revision>',
      'refuse when another revision was committed since this one',
      positiveInteger,
    )
    .addOption(strategyOption())
    .option('--detach', "don't wait for the rollout")
    .action(action(restore));
}
