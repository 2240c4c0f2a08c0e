import type { ClusterEvent } from '@shoal/common';
import { BoundedQueue } from '../store/bounded-queue.js';

/** Events that a consumer may lag behind before it is ended. */
const lagLimit = 1000;

/** Tells every change to all who listen. */
export class EventBus {
  readonly #queues = new Set<BoundedQueue<ClusterEvent>>();

  publish(event: ClusterEvent): void {
    for (const queue of this.#queues) queue.push(event);
  }

  /** Every event from the call on. A consumer that lags by more than 1000 gets `resource_exhausted`. */
  subscribe(signal: AbortSignal): AsyncIterable<ClusterEvent> {
    const end = (): void => queue.end();
    const queue = new BoundedQueue<ClusterEvent>(lagLimit, () => {
      this.#queues.delete(queue);
      signal.removeEventListener('abort', end);
    });
    this.#queues.add(queue);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    return queue;
  }

  /** Ends every subscription. */
  close(): void {
    for (const queue of [...this.#queues]) queue.end();
  }
}
