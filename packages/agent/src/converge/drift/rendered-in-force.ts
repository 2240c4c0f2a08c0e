import type { Logger, Manifest } from '@shoal/common';
import type { Rendering } from '../attempt/perform.js';
import type { RenderedService } from '../render/rendered.js';
import type { StateFile } from '../state.js';

/** What the services in force are rendered from. */
export interface RenderedInForceOptions {
  readonly state: StateFile;
  readonly render: (manifest: Manifest) => Promise<Rendering>;
  readonly logger: Logger;
}

/**
 * The services in force, rendered as they were converged. Rendering them anew may give something else, since members come and go: that is for
 * another attempt, and no drift.
 */
export class RenderedInForce {
  readonly #options: RenderedInForceOptions;
  #known: readonly RenderedService[] = [];

  constructor(options: RenderedInForceOptions) {
    this.#options = options;
  }

  /** These were converged. */
  set(services: readonly RenderedService[]): void {
    this.#known = services;
  }

  /** After a start they are rendered again; a service that then isn't the same is left out until it was converged. */
  async services(): Promise<readonly RenderedService[]> {
    const { manifest, services } = this.#options.state.current;
    const digests = new Set(services.map(({ digest }) => digest));
    const isInForce = ({ digest }: RenderedService): boolean => digests.has(digest);
    const known = this.#known.filter(isInForce);
    if (manifest === null || known.length === services.length) return known;
    try {
      const { services: rendered } = await this.#options.render(manifest);
      this.#known = rendered.filter(isInForce);
    } catch (thrown) {
      this.#options.logger.debug({ err: thrown }, 'what is in force does not render now');
    }
    return this.#known;
  }
}
