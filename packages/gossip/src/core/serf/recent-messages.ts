import { crc32 } from '../wire/crc32.js';

/** How long a message is remembered, ms: far longer than copies of it are under way. */
const MEMORY_MS = 60_000;

/** Most messages remembered. */
const MAX_MESSAGES = 4096;

/** The messages that were seen lately, by their content. */
export class RecentMessages {
  /** When each was seen first, in that order. */
  readonly #seen = new Map<string, number>();

  /**
   * Says whether this is the first copy of a message; `now` in ms. Of more messages than can be remembered none is the
   * first, so that none is passed on for ever.
   */
  first(body: Uint8Array, now: number): boolean {
    for (const [key, since] of this.#seen) {
      if (now - since < MEMORY_MS) break;
      this.#seen.delete(key);
    }
    const key = `${body.length} ${crc32(body)}`;
    if (this.#seen.has(key) || this.#seen.size >= MAX_MESSAGES) return false;
    this.#seen.set(key, now);
    return true;
  }
}
