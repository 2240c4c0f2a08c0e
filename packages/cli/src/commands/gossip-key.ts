import { type GossipKeysView, type GossipKeyView, ShoalError } from '@shoal/common';
import type { Command } from 'commander';
import type { ControllerClient } from '../client/client.js';
import type { CommandContext } from '../context.js';
import { action } from '../context.js';
import { waitingTime } from '../output/arguments.js';
import { confirm } from '../output/confirm.js';
import { gossipKeysText, rotateQuestion, waitedForLines } from '../output/gossip-keys.js';
import { followGossipKeys, rotationProgress } from './follow-gossip-keys.js';

interface WaitFlags {
  /** ms. */
  readonly timeout?: number;
  readonly detach?: boolean;
}

interface IgnoreFlags {
  readonly ignore?: readonly string[];
}

/** How long a single step waits for the members to follow, ms. */
const stepTimeoutMs = 30_000;

/** A key's fingerprint, or its first digits. What else was typed isn't repeated: it could be a key. */
function fingerprintOf(text: string): string {
  if (/^[0-9a-f]{4,16}$/.test(text)) return text;
  throw new ShoalError('invalid_input', 'A fingerprint has 16 of 0-9 and a-f; its first 4 are enough', {
    hint: 'List them: shoal gossip-key ls',
  });
}

const ignoreText = "don't wait for this node while it is away or silent; can be given again";

const collect = (node: string, before: readonly string[] = []): string[] => [...before, node];

function show(context: CommandContext, view: GossipKeysView): void {
  context.show(view, (v) => gossipKeysText(v, context.paint));
}

/** Follows one rotation to its end. @throws ShoalError `failed_precondition` when it is aborted */
async function followRotation(
  context: CommandContext,
  client: ControllerClient,
  begun: GossipKeysView,
  limits: { readonly timeoutMs?: number },
): Promise<void> {
  const id = begun.rotation?.id ?? 0;
  const view = await followGossipKeys(context, client, {
    ...limits,
    what: `rotation ${id}`,
    // A later one begins when a node was removed meanwhile.
    isReached: ({ rotation }) => rotation === null || rotation.endedAt !== null || rotation.id !== id,
    progress: rotationProgress,
  });
  show(context, view);
  if (view.rotation?.id === id && view.rotation.stage === 'aborted') {
    throw new ShoalError('failed_precondition', `Rotation ${id} was aborted: both keys stay installed`, {
      hint: 'To begin another: shoal gossip-key rotate',
    });
  }
}

async function rotate(
  context: CommandContext,
  flags: WaitFlags & IgnoreFlags & { readonly yes?: boolean },
): Promise<void> {
  const limits = flags.timeout === undefined ? {} : { timeoutMs: flags.timeout };
  await context.withClient(async (client) => {
    if (flags.yes !== true) {
      const { encrypted, members } = await client.call('gossip-key.list', {});
      // Without encryption the controller refuses; there is nothing to be asked.
      if (encrypted) {
        const { nodes } = await client.call('node.list', {});
        await confirm(rotateQuestion(members, nodes, flags.ignore ?? []));
      }
    }
    const begun = await client.call('gossip-key.rotate', { ignore: flags.ignore ?? [] });
    if (flags.detach === true) show(context, begun);
    else await followRotation(context, client, begun, limits);
  });
}

/** One change of the keys. */
interface Step {
  readonly make: (client: ControllerClient) => Promise<GossipKeysView & { readonly fingerprint: string }>;
  /** Members for which it is done, of a key that may not be there any more. */
  readonly done: (key: GossipKeyView | undefined, members: number) => number;
  readonly words: string;
}

/** Makes a single step, waits until members have followed, and shows the keys. */
async function takeStep(
  context: CommandContext,
  client: ControllerClient,
  flags: WaitFlags & IgnoreFlags,
  step: Step,
): Promise<void> {
  const changed = await step.make(client);
  const { fingerprint } = changed;
  const letOff = new Set(flags.ignore).size;
  const done = (view: GossipKeysView): number =>
    step.done(
      view.keys.find((key) => key.fingerprint === fingerprint),
      view.members,
    );
  if (flags.detach !== true) {
    const view = await followGossipKeys(context, client, {
      timeoutMs: flags.timeout ?? stepTimeoutMs,
      what: 'the change',
      isReached: (v) => done(v) >= v.members - letOff,
      progress: (v) => `key ${fingerprint}: ${done(v)} of ${v.members} members ${step.words}`,
    });
    context.show({ ...view, fingerprint }, (v) => gossipKeysText(v, context.paint));
  } else context.show(changed, (v) => gossipKeysText(v, context.paint));
}

function addSteps(group: Command): void {
  const waits = (command: Command): Command =>
    command
      .option(
        '--timeout <duration>',
        'how long to wait for the members to follow (default: 30s)',
        waitingTime,
      )
      .option('--detach', "don't wait for them");
  waits(group.command('install'))
    .description('single step: make a key and install it on every member; nobody uses it yet')
    .action(
      action(async (context: CommandContext, flags: WaitFlags) => {
        await context.withClient(async (client) => {
          const make: Step['make'] = (on) => on.call('gossip-key.install', {});
          const done: Step['done'] = (key) => key?.heldBy ?? 0;
          await takeStep(context, client, flags, { make, done, words: 'hold it' });
        });
      }),
    );
  waits(group.command('use').argument('<fingerprint>', 'or its first digits', fingerprintOf))
    .description('single step: encrypt with an installed key; refused while a member lacks it')
    .option('--ignore <node>', ignoreText, collect)
    .action(
      action(async (context: CommandContext, fingerprint: string, flags: WaitFlags & IgnoreFlags) => {
        await context.withClient(async (client) => {
          const { ignore = [] } = flags;
          const make: Step['make'] = (on) => on.call('gossip-key.use', { fingerprint, ignore });
          const done: Step['done'] = (key) => key?.usedBy ?? 0;
          await takeStep(context, client, flags, { make, done, words: 'use it' });
        });
      }),
    );
  waits(group.command('remove').argument('<fingerprint>', 'or its first digits', fingerprintOf))
    .description('single step: remove a key from every member; refused while a member may use it')
    .option('--ignore <node>', ignoreText, collect)
    .action(
      action(async (context: CommandContext, fingerprint: string, flags: WaitFlags & IgnoreFlags) => {
        await context.withClient(async (client) => {
          const { ignore = [] } = flags;
          const make: Step['make'] = (on) => on.call('gossip-key.remove', { fingerprint, ignore });
          const done: Step['done'] = (key, members) => members - (key?.heldBy ?? 0);
          await takeStep(context, client, flags, { make, done, words: 'forgot it' });
        });
      }),
    );
}

/** `shoal gossip-key ls|rotate|ignore|abort|install|use|remove`. */
export function addGossipKeyCommands(program: Command): void {
  const group = program
    .command('gossip-key')
    .description('the keys that encrypt the gossip, by their fingerprints: list and replace them');
  group
    .command('ls')
    .description('list the keys: how many members hold and use each, and how far a rotation is')
    .option('-f, --follow', 'while a rotation runs, show it live until it ends; exits 5 when it is aborted')
    .action(
      action(async (context: CommandContext, flags: { follow?: boolean }) => {
        await context.withClient(async (client) => {
          const view = await client.call('gossip-key.list', {});
          const isRunning = view.rotation !== null && view.rotation.endedAt === null;
          if (flags.follow === true && isRunning) await followRotation(context, client, view, {});
          else show(context, view);
        });
      }),
    );
  group
    .command('rotate')
    .description(
      'replace the key everywhere: install a new one, use it, remove the old; no member is cut off',
    )
    .option('-y, --yes', "don't ask first")
    .option('--ignore <node>', ignoreText, collect)
    .option('--timeout <duration>', 'stop watching after this time; the rotation goes on', waitingTime)
    .option('--detach', 'begin it and return')
    .addHelpText('after', '\nA node that is away holds the rotation up until it is back, removed or ignored.')
    .action(action(rotate));
  group
    .command('ignore <nodes...>')
    .description('let the rotation that runs not wait for these nodes while they are away or silent')
    .action(
      action(async (context: CommandContext, nodes: string[]) => {
        await context.withClient(async (client) => {
          show(context, await client.call('gossip-key.ignore', { nodes }));
          const { nodes: views } = await client.call('node.list', {});
          for (const line of waitedForLines(views, nodes)) context.note(line);
        });
      }),
    );
  group
    .command('abort')
    .description('end the rotation that runs; the old and the new key stay installed')
    .action(
      action(async (context: CommandContext) => {
        show(context, await context.withClient((client) => client.call('gossip-key.abort', {})));
      }),
    );
  addSteps(group);
}
