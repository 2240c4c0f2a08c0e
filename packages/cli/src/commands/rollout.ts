import { isRolloutEnded, type RolloutRequestView, type RolloutView } from '@shoal/common';
import type { Command } from 'commander';
import type { ControllerClient } from '../client/client.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { positiveInteger } from '../output/arguments.js';
import { paintRolloutStatus, rolloutTable, rolloutText } from '../output/rollout.js';
import { printable } from '../output/text.js';
import { type Asked, followRollout } from './follow-rollout.js';

interface Flags {
  readonly revision?: number;
  readonly follow?: boolean;
  readonly keep?: boolean;
}

function inputOf({ revision }: Flags): { revision?: number } {
  return revision === undefined ? {} : { revision };
}

async function show(context: CommandContext, flags: Flags): Promise<void> {
  await context.withClient(async (client) => {
    const rollout = await client.call('rollout.get', inputOf(flags));
    if (flags.follow === true && !isRolloutEnded(rollout.status)) {
      await followRollout(context, client, rollout.revision, { asOutput: true });
      return;
    }
    context.show(rollout, (r) => rolloutText(r, context.paint));
  });
}

async function watch(context: CommandContext, flags: Flags): Promise<void> {
  await context.withClient(async (client) => {
    const { revision } = await client.call('rollout.get', inputOf(flags));
    await followRollout(context, client, revision, { asOutput: true });
  });
}

/** What the request is to end with, where it asks for an end. */
function endOf(what: RolloutRequestView['what'], { keep }: Flags): Asked | undefined {
  if (what !== 'abort') return undefined;
  return keep === true ? 'keep' : 'abort';
}

type Ask = (client: ControllerClient, flags: Flags) => Promise<RolloutView>;

function answer(rollout: RolloutView, context: CommandContext): string {
  const status = paintRolloutStatus(rollout.status, context.paint);
  const message = rollout.message === '' ? '' : `${printable(rollout.message)}\n`;
  return `revision ${rollout.revision}: ${status}\n${message}`;
}

function asking(
  what: RolloutRequestView['what'],
  ask: Ask,
): (context: CommandContext, flags: Flags) => Promise<void> {
  return (context, flags) =>
    context.withClient(async (client) => {
      const rollout = await ask(client, flags);
      if (flags.follow === true)
        await followRollout(context, client, rollout.revision, { asked: endOf(what, flags) });
      else context.show(rollout, (r) => answer(r, context));
    });
}

const requests: readonly (readonly [RolloutRequestView['what'], string, Ask])[] = [
  [
    'pause',
    'let the nodes under way end and begin with no other; a failure is undone all the same',
    (client, flags) => client.call('rollout.pause', inputOf(flags)),
  ],
  ['resume', 'go on after a pause', (client, flags) => client.call('rollout.resume', inputOf(flags))],
  [
    'promote',
    'the canary is good: go on with the other batches',
    (client, flags) => client.call('rollout.promote', inputOf(flags)),
  ],
  [
    'retry',
    'offer the revision again to nodes where it failed, was undone or had not arrived',
    (client, flags) => client.call('rollout.retry', inputOf(flags)),
  ],
  [
    'abort',
    'end it and undo what it changed',
    (client, flags) =>
      client.call('rollout.abort', { ...inputOf(flags), ...(flags.keep === true ? { keep: true } : {}) }),
  ],
];

function addRequests(rollout: Command): void {
  for (const [name, description, ask] of requests) {
    const command = rollout
      .command(name)
      .description(description)
      .option('--revision <number>', "refuse when this isn't the newest rollout any more", positiveInteger)
      .option('-f, --follow', 'show it live until it ends')
      .action(action(asking(name, ask)));
    if (name === 'abort')
      command.option(
        '--keep',
        'leave the nodes as they are: those under way end by themselves, no other is begun or goes back; also ends undoing',
      );
  }
}

/** `shoal rollout ls|show|watch|pause|resume|promote|retry|abort`. */
export function addRolloutCommands(program: Command): void {
  const rollout = program.command('rollout').description('how revisions are brought to the nodes');
  rollout
    .command('ls')
    .description('list rollouts, the newest first')
    .option('-n, --limit <count>', 'at most that many', positiveInteger, 20)
    .action(
      action(async (context: CommandContext, { limit }: { limit: number }) => {
        const { rollouts } = await context.withClient((client) => client.call('rollout.list', { limit }));
        context.show(rollouts, (r) => rolloutTable(r, context.paint));
      }),
    );
  rollout
    .command('show')
    .alias('status')
    .description('the newest rollout, or that of one revision: what it waits for, each node, and what failed')
    .option('--revision <number>', 'the rollout of that revision', positiveInteger)
    .option('-f, --follow', 'show it live until it ends; exits 7 when it fails')
    .action(action(show));
  rollout
    .command('watch')
    .description('show it live until it ends; exits 7 when it fails, 5 when it is aborted or superseded')
    .option('--revision <number>', 'the rollout of that revision', positiveInteger)
    .action(action(watch));
  addRequests(rollout);
}
