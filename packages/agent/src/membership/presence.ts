import { setTimeout as pause } from 'node:timers/promises';
import { type Logger, ShoalError } from '@shoal/common';
import type { Membership } from './membership.js';

/** What the presence needs. */
export interface PresenceOptions {
  readonly membership: Pick<Membership, 'start' | 'leave'>;
  readonly logger: Logger;
  /** Places to join by, and the keys, as they are known at that time. */
  entry(): { readonly seeds: readonly string[]; readonly keys: readonly Uint8Array[] };
  /** How long a lease that is on its way may keep the node from leaving, milliseconds. Default 1500. */
  readonly leaveAfterMs?: number;
  /** Wait between two tries to open the sockets, milliseconds. Default 1000. */
  readonly retryMs?: number;
}

/** Has the node in the gossip or out of it as its lease wants, one change after the other: leaving takes seconds, and what is wanted may change meanwhile. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #abort = new AbortController();
  #wanted: boolean;
  #is: boolean;
  #working: Promise<void> | undefined;

  /** `isIn`: the membership was started. */
  constructor(options: PresenceOptions, isIn: boolean) {
    this.#options = options;
    this.#wanted = isIn;
    this.#is = isIn;
  }

  /** The node shall be in the gossip, or out of it. */
  want(isIn: boolean): void {
    this.#wanted = isIn;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#wanted !== this.#is && !this.#abort.signal.aborted) this.want(this.#wanted);
    });
  }

  /** Changes nothing any more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { membership, entry, logger, leaveAfterMs = 1500, retryMs = 1000 } = this.#options;
    const { signal } = this.#abort;
    while (this.#wanted !== this.#is && !signal.aborted) {
      try {
        const { seeds, keys } = entry();
        if (this.#wanted) await membership.start(seeds, keys);
        else {
          await pause(leaveAfterMs, undefined, { signal });
          if (this.#wanted) continue;
          await membership.leave({ tellWhy: true });
        }
        this.#is = !this.#is;
      } catch (thrown) {
        if (signal.aborted) return;
        const { message, hint } = ShoalError.from(thrown);
        logger.error({ reason: message, hint }, 'joining the gossip failed; trying again');
        await pause(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
