import type { ClusterEvent, StepEventView } from '@shoal/common';
import type { ControllerServices } from '../services.js';

/**
 * Begins to listen before the present state is read, so that no change falls between the two; the first `next` is what
 * makes an async generator run.
 */
function listen(services: ControllerServices, signal: AbortSignal): AsyncIterable<ClusterEvent> {
  const iterator = services.events(signal)[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<ClusterEvent>> | undefined = iterator.next();
  first.catch(() => undefined);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const next = first ?? iterator.next();
        first = undefined;
        return next;
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    }),
  };
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
    if (rollout.status !== 'running') return;
    for await (const event of events) {
      if (event.type === 'step' && event.event.revision === rollout.revision) {
        if (!told.has(stepKey(event.event))) yield event;
      } else if (event.type === 'rollout' && event.rollout.revision === rollout.revision) {
        yield event;
        if (event.rollout.status !== 'running') return;
      }
    }
  } finally {
    ended.abort();
  }
}
