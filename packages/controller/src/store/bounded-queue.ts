import { ShoalError } from '@shoal/common';

/**
 * A queue between a producer that must not wait and one consumer that may be slow. A consumer that lags by more than `limit` items
 * gets `resource_exhausted` instead of unbounded memory being taken.
 */
export class BoundedQueue<T> implements AsyncIterableIterator<T> {
  readonly #limit: number;
  readonly #onEnd: () => void;
  #items: T[] = [];
  #state: 'open' | 'ended' | 'failed' = 'open';
  #failure: ShoalError | undefined;
  #waiting: { resolve: (result: IteratorResult<T>) => void; reject: (error: Error) => void } | undefined;

  /** `onEnd` is called once, when the queue ends for whatever reason. */
  constructor(limit: number, onEnd: () => void = () => {}) {
    this.#limit = limit;
    this.#onEnd = onEnd;
  }

  /** Ignored once the queue has ended. */
  push(item: T): void {
    if (this.#state !== 'open') return;
    if (this.#waiting !== undefined) {
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve({ done: false, value: item });
      return;
    }
    if (this.#items.length >= this.#limit) {
      this.fail(
        new ShoalError('resource_exhausted', `The reader lags by more than ${this.#limit} changes`, {
          hint: 'Read the present state again and start a new watch.',
        }),
      );
      return;
    }
    this.#items.push(item);
  }

  /** What is queued is still delivered, then the iteration ends. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
    this.#onEnd();
  }

  /** Drops what is queued; the iteration throws. */
  fail(error: ShoalError): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#failure = error;
    this.#items = [];
    if (this.#waiting !== undefined) {
      this.#waiting.reject(error);
      this.#waiting = undefined;
      this.#failure = undefined;
    }
    this.#onEnd();
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#state !== 'open') return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
