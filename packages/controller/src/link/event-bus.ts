import type { ClusterEvent } from '@shoal/common';
import { BoundedQueue } from '../store/bounded-queue.js';

/** Events that a consumer may lag behind before it is ended. */
const lagLimit = 10_000;

/** Tells every change to all who listen. */
export class EventBus {
  readonly #queues = new Set<BoundedQueue<ClusterEvent>>();

  /** A function is called only when anybody listens: what is to be told may be dear to make. */
  publish(event: ClusterEvent | (() => ClusterEvent)): void {
    if (this.#queues.size === 0) return;
    const made = typeof event === 'function' ? event() : event;
    for (const queue of this.#queues) queue.push(made);
  }

  /** Every event from the call on. A consumer that lags by more than 10,000 gets `resource_exhausted`. */
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
