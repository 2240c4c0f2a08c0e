import { ShoalError } from '@shoal/common';

/** How many streams may stand at the same time. */
export interface StreamLimits {
  readonly total: number;
  readonly perUser: number;
}

export const defaultStreamLimits: StreamLimits = { total: 500, perUser: 50 };

/** Counts the streams that stand, and can end them all. */
export class StreamLimiter {
  readonly #limits: StreamLimits;
  readonly #streams = new Map<AbortController, string>();
  #closed = false;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#streams.size;
  }

  /** Throws `resource_exhausted` when there are too many; else gives the function to call at the stream's end. */
  enter(user: string, abort: AbortController): () => void {
    if (this.#closed) throw new ShoalError('unavailable', 'the controller is stopping');
    const own = [...this.#streams.values()].filter((name) => name === user).length;
    if (own >= this.#limits.perUser || this.#streams.size >= this.#limits.total) {
      throw new ShoalError('resource_exhausted', 'too many open streams', { hint: 'close other windows' });
    }
    this.#streams.set(abort, user);
    return () => {
      this.#streams.delete(abort);
    };
  }

  /** Ends all, and lets no more in. */
  close(): void {
    this.#closed = true;
    const reason = new ShoalError('unavailable', 'the controller is stopping', {
      hint: 'connect again later',
    });
    for (const abort of [...this.#streams.keys()]) abort.abort(reason);
  }
}
