import type { RenderedService } from '../render/rendered.js';
import type { ConvergeState } from '../state.js';
import { isInForce } from './asked-steps.js';
import type { Rendering } from './perform.js';

/** What an attempt brings the host to: as it was rendered at its begin, and since then anew where members came and went. */
export class HeldRendering {
  readonly #settled = new Set<string>();
  #rendering: Rendering;

  constructor(rendering: Rendering) {
    this.#rendering = rendering;
  }

  get current(): Rendering {
    return this.#rendering;
  }

  /** The attempt is through with this service. */
  settled(service: string): void {
    this.#settled.add(service);
  }

  /**
   * Services that other members make another one of now, and that can follow them at once: they are in force as they were rendered, or the attempt is through
   * with them; they are not the one that changes just now, and none that has to be drained.
   */
  followers(fresh: Rendering, changing: string, state: ConvergeState): readonly RenderedService[] {
    return fresh.services.filter((service) => {
      const known = this.#rendering.services.find(({ name }) => name === service.name);
      if (known === undefined || known.digest === service.digest) return false;
      if (service.name === changing || service.drain !== undefined) return false;
      return this.#settled.has(service.name) || isInForce(known, state);
    });
  }

  /** The service is in force as it is in this rendering. */
  follow(fresh: Rendering, service: RenderedService): void {
    const { sizes } = this.#rendering;
    const services = this.#rendering.services.map((known) => (known.name === service.name ? service : known));
    // Sizes are those that the services in force were rendered with; a service that has to wait its turn isn't among the followers.
    this.#rendering = { ...fresh, sizes, services };
    this.#settled.add(service.name);
  }
}
