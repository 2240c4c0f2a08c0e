import type { Logger } from '@shoal/common';

/** Something that is started and stopped. */
export interface Part {
  start?(): void | Promise<void>;
  stop(): void | Promise<void>;
}

/** The parts that run, in the order in which they were started; they are stopped in reverse. */
export class Parts {
  readonly #logger: Logger;
  readonly #running: { readonly name: string; stop(): void | Promise<void> }[] = [];
  #stopping: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Starts a part. When that fails, everything before it is stopped again, and what it threw is thrown. `start` replaces the part's own. */
  async start(name: string, part: Part, start?: () => void | Promise<void>): Promise<void> {
    this.#running.push({ name, stop: () => part.stop() });
    try {
      await (start ?? (() => part.start?.()))();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Counts something that runs already, so that it is stopped in its turn. */
  add(name: string, stop: () => void | Promise<void>): void {
    this.#running.push({ name, stop });
  }

  /** Stops all, last started first. A part that can't be stopped is logged and doesn't keep the others from it. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const part of this.#running.reverse()) {
      this.#logger.debug({ part: part.name }, 'stopping');
      try {
        await part.stop();
      } catch (error) {
        this.#logger.error({ err: error, part: part.name }, 'stopping a part of the agent failed');
      }
    }
  }
}
