import { setTimeout as delay } from 'node:timers/promises';
import { type GossipKeysView, ShoalError } from '@shoal/common';
import type { ControllerClient } from '../client/client.js';
import type { CommandContext } from '../context.js';
import { stageLine, waitHint, waitLines } from '../output/gossip-keys.js';

/** Wait before a controller that went away is asked again, ms. */
const againMs = 1000;

/** What to wait for. */
export interface Following {
  readonly isReached: (view: GossipKeysView) => boolean;
  /** How far it is, for people; told when it changes. */
  readonly progress: (view: GossipKeysView) => string;
  /** What goes on when nobody watches any more. */
  readonly what: string;
  readonly timeoutMs?: number;
}

/**
 * Watches the gossip keys until something is reached, and gives the last view. A controller that is restarted meanwhile is waited for.
 *
 * @throws ShoalError `deadline_exceeded` after `timeoutMs`, `unavailable` when it is interrupted
 */
export async function followGossipKeys(
  context: CommandContext,
  client: ControllerClient,
  { isReached, progress, what, timeoutMs }: Following,
): Promise<GossipKeysView> {
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const signal =
    timeout === undefined ? context.interrupted : AbortSignal.any([context.interrupted, timeout]);
  let told = '';
  const tell = (text: string): void => {
    if (text !== told && !context.json) context.note(text);
    told = text;
  };
  while (!signal.aborted) {
    try {
      for await (const view of client.watch('gossip-key.watch', {}, signal)) {
        if (isReached(view)) return view;
        tell(progress(view));
      }
    } catch (error) {
      if (!ShoalError.is(error) || error.code !== 'unavailable') throw error;
      tell('The controller is away; waiting for it ...');
    }
    await delay(againMs, undefined, { signal }).catch(() => undefined);
  }
  const hint = 'Go on watching: shoal gossip-key ls --follow';
  if (timeout?.aborted === true)
    throw new ShoalError('deadline_exceeded', `Waited ${(timeoutMs ?? 0) / 1000} s; ${what} goes on`, {
      hint,
    });
  throw new ShoalError('unavailable', `No longer watched; ${what} goes on`, { hint });
}

/** How far a rotation is, and who it waits for. */
export function rotationProgress({ rotation }: GossipKeysView): string {
  if (rotation === null) return '';
  const stuck = rotation.waitingFor.some(({ why }) => why === 'away' || why === 'silent');
  if (!stuck) return stageLine(rotation);
  const hint = waitHint(rotation, Date.now());
  return [stageLine(rotation), ...waitLines(rotation), ...(hint === undefined ? [] : [hint])].join('\n');
}
