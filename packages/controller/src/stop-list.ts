import type { Logger } from '@shoal/common';

/** What has been started, to be stopped in reverse order. */
export class StopList {
  readonly #steps: { readonly what: string; readonly stop: () => Promise<void> | void }[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `what` names the part in the log when it doesn't stop. */
  add(what: string, stop: () => Promise<void> | void): void {
    this.#steps.push({ what, stop });
  }

  /** Stops in reverse order; what fails is logged, the others are stopped all the same. Safe to call twice. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        this.#logger.error({ err: error, part: step.what }, 'not stopped cleanly');
      }
    }
  }
}
