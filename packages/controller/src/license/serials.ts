import { type Logger, ShoalError } from '@shoal/common';
import { updateJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';

/** Serials that are reserved at once. */
const blockSize = 100_000;

interface StoredSerials {
  /** No serial from here on was given yet. */
  readonly reserved: number;
}

/**
 * Numbers for leases, each above those before, also over restarts: blocks of them are reserved in the store before one is given. They begin at the
 * milliseconds of `now`, so that a store that came from a backup gives few that agents have seen already (`Leases.lastSerial` for those).
 */
export class Serials {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #logger: Logger;
  #next = 0;
  #end = 0;
  #reserving = false;

  private constructor(parts: { store: Store; now: () => number; logger: Logger }) {
    this.#store = parts.store;
    this.#now = parts.now;
    this.#logger = parts.logger;
  }

  /** Reserves the first block; when the store can't be written now, that is tried again with the first serial that is asked for. */
  static async open(parts: { store: Store; now: () => number; logger: Logger }): Promise<Serials> {
    const serials = new Serials(parts);
    await serials.#extend();
    return serials;
  }

  /** @throws ShoalError `unavailable` when the store couldn't keep that serials were given, for long */
  next(): number {
    if (this.#end - this.#next < blockSize / 2) void this.#extend();
    if (this.#next >= this.#end) {
      throw new ShoalError('unavailable', "No lease can be granted: the store can't be written", {
        hint: "See the controller's log.",
      });
    }
    this.#next += 1;
    return this.#next - 1;
  }

  async #extend(): Promise<void> {
    if (this.#reserving) return;
    this.#reserving = true;
    try {
      const { start, end } = await reserve(this.#store, this.#now());
      this.#next = Math.max(this.#next, start);
      this.#end = end;
    } catch (error) {
      this.#logger.error({ err: error }, 'serials of leases not reserved');
    } finally {
      this.#reserving = false;
    }
  }
}

async function reserve(store: Store, now: number): Promise<{ start: number; end: number }> {
  let start = Math.ceil(now);
  await updateJson<StoredSerials>(store, keys.leaseSerials, (present) => {
    start = Math.ceil(Math.max(present?.reserved ?? 0, now));
    return { reserved: start + blockSize };
  });
  return { start, end: start + blockSize };
}
