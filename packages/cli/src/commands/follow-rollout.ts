import { setTimeout as delay } from 'node:timers/promises';
import { type ClusterEvent, isRolloutEnded, type RolloutView, ShoalError } from '@shoal/common';
import type { ControllerClient } from '../client/client.js';
import type { CommandContext } from '../context.js';
import { createProgress, failuresText, rolloutText, stepLine } from '../output/rollout.js';
import { type Palette, printable } from '../output/text.js';

/** Wait before a controller that went away is asked again, ms. */
const againMs = 1000;

/** Tells of one rollout's stream what is news: each stream begins with what happened until then. */
type Teller = (event: ClusterEvent) => void;

function createTeller(context: CommandContext, revision: number, asOutput: boolean): Teller {
  const told = new Set<string>();
  const isNews = (event: ClusterEvent): boolean => {
    if (event.type === 'rollout') return event.rollout.revision === revision;
    const id = JSON.stringify(event);
    if (event.type !== 'step' || told.has(id)) return false;
    told.add(id);
    return event.event.kind !== 'unchanged' || context.json;
  };
  const text = createTexts();
  return (event) => {
    if (!isNews(event)) return;
    if (!asOutput) context.progress((paint) => text(event, paint));
    else context.showLine(event, () => text(event, context.paint));
  };
}

/** Texts for people. */
function createTexts(): (event: ClusterEvent, paint: Palette) => string {
  let rollout: ReturnType<typeof createProgress> | undefined;
  return (event, paint) => {
    rollout ??= createProgress(paint);
    if (event.type === 'step') return stepLine(event.event, paint);
    return event.type === 'rollout' ? rollout(event.rollout) : '';
  };
}

/** Tells what happens until the rollout has ended or nobody watches any more; gives whether it has ended. */
async function watch(
  context: CommandContext,
  client: ControllerClient,
  revision: number,
  tell: Teller,
): Promise<boolean> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, context.interrupted]);
  let hasEnded = false;
  for await (const event of client.watch('rollout.watch', { revision }, signal)) {
    tell(event);
    if (event.type === 'rollout' && event.rollout.revision === revision) {
      hasEnded = isRolloutEnded(event.rollout.status);
      if (hasEnded) stop.abort();
    }
  }
  return hasEnded;
}

/** What the one who follows has asked for: `abort` is done when everything that can go back is back, `keep` when it has ended as it is. */
export type Asked = 'abort' | 'keep';

function isDone({ status, undone, nodes }: RolloutView, asked: Asked | undefined): boolean {
  if (asked === undefined) return false;
  if (status === 'aborted' && asked === 'keep') return true;
  // Nodes that ran nothing before have nothing to go back to.
  return undone || (status === 'aborted' && nodes.every((node) => node.status !== 'failed'));
}

function failure(
  rollout: RolloutView,
  context: CommandContext,
  asked: Asked | undefined,
): ShoalError | undefined {
  if (isDone(rollout, asked)) return undefined;
  const { revision, status, request } = rollout;
  const message = printable(rollout.message);
  const hint = `See: shoal rollout show --revision ${revision}`;
  if (status === 'failed') {
    const text = `revision ${revision} was not rolled out. ${message}\n${failuresText(rollout, context.paint)}`;
    return new ShoalError('step_failed', text.trimEnd(), {
      hint: 'Nodes that it had not reached are untouched. Correct the spec and apply it again.',
    });
  }
  if (status === 'aborted') {
    const by = request === null ? '' : ` by ${request.by}`;
    return new ShoalError('conflict', `The rollout of revision ${revision} was aborted${by}. ${message}`, {
      hint,
    });
  }
  if (status === 'superseded') {
    return new ShoalError('conflict', `Revision ${revision} was superseded by a newer one`, { hint });
  }
  return undefined;
}

/**
 * Shows a rollout live until it ends, whatever it waits for meanwhile. A controller that goes away is waited for. An end that was
 * `asked` for is none of the errors. What happens is progress, on standard error, and the end is the output; `asOutput`: what
 * happens is the output itself, with `--json` an event a line.
 *
 * @throws ShoalError `step_failed` when it fails, `conflict` when it is aborted or superseded, `unavailable` when it is interrupted
 */
export async function followRollout(
  context: CommandContext,
  client: ControllerClient,
  revision: number,
  { asked, asOutput = false }: { readonly asked?: Asked | undefined; readonly asOutput?: boolean } = {},
): Promise<void> {
  const tell = createTeller(context, revision, asOutput);
  let isAway = false;
  let hasEnded = false;
  while (!hasEnded && !context.interrupted.aborted) {
    try {
      hasEnded = await watch(context, client, revision, tell);
      isAway = false;
    } catch (error) {
      if (!ShoalError.is(error) || error.code !== 'unavailable') throw error;
      if (!isAway) context.note('The controller is away; nodes go on with what they do. Waiting for it ...');
      isAway = true;
    }
    if (!hasEnded) await delay(againMs, undefined, { signal: context.interrupted }).catch(() => undefined);
  }
  if (!hasEnded) {
    throw new ShoalError('unavailable', `No longer watched; the rollout of revision ${revision} goes on`, {
      hint: `Go on watching: shoal rollout watch --revision ${revision}. Halt it: shoal rollout pause --revision ${revision}`,
    });
  }
  const end = await client.call('rollout.get', { revision });
  const failed = failure(end, context, asked);
  const isTold = context.json ? asOutput : failed !== undefined;
  if (!isTold) context.show(end, (r) => rolloutText(r, context.paint));
  if (failed !== undefined) throw failed;
}
