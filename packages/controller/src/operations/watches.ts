import { type ClusterEvent, type GossipKeysView, isRolloutEnded, type StepEventView } from '@shoal/common';
import type { ControllerServices } from '../services.js';
import { beginIteration } from './begin-iteration.js';

/**
 * Begins to listen before the present state is read, so that no change falls between the two; the first `next` is what
 * makes an async generator run.
 */
function listen(services: ControllerServices, signal: AbortSignal): AsyncIterable<ClusterEvent> {
  const { first, whole } = beginIteration(services.events(signal));
  first.catch(() => undefined);
  return whole;
}

/** `event.watch`: a `node` event for each node, then every change. */
export async function* watchCluster(
  services: ControllerServices,
  signal: AbortSignal,
): AsyncGenerator<ClusterEvent> {
  const events = listen(services, signal);
  for (const node of services.nodes.list()) yield { type: 'node', node };
  yield* events;
}

function stepKey(event: StepEventView): string {
  return JSON.stringify([event.node, event.service, event.step, event.kind, event.at, event.text]);
}

/** `rollout.watch`: the rollout as it is with its steps so far, then its changes until it has ended. */
export async function* watchRollout(
  services: ControllerServices,
  revision: number | undefined,
  outer: AbortSignal,
): AsyncGenerator<ClusterEvent> {
  const ended = new AbortController();
  const events = listen(services, AbortSignal.any([outer, ended.signal]));
  try {
    const { events: steps, ...rollout } = await services.rollouts.get(revision);
    const told = new Set(steps.map(stepKey));
    for (const event of steps) yield { type: 'step', event };
    yield { type: 'rollout', rollout };
    if (isRolloutEnded(rollout.status)) return;
    for await (const event of events) {
      if (event.type === 'step' && event.event.revision === rollout.revision) {
        if (!told.has(stepKey(event.event))) yield event;
      } else if (event.type === 'rollout' && event.rollout.revision === rollout.revision) {
        yield event;
        if (isRolloutEnded(event.rollout.status)) return;
      }
    }
  } finally {
    ended.abort();
  }
}

/** `gossip-key.watch`: the keys and their rotation as they are, then each change of them. */
export async function* watchGossipKeys(
  services: ControllerServices,
  signal: AbortSignal,
): AsyncGenerator<GossipKeysView> {
  const events = listen(services, signal);
  yield services.gossipKeys.view();
  for await (const event of events) if (event.type === 'gossip-keys') yield event.keys;
}
