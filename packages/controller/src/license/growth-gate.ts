import type { NodePlace } from '../spec/manifests.js';
import { checkMove, checkNewNode, type GrowthLimits } from './growth.js';

/** What the gate judges by. */
export interface GrowthGateComponents {
  readonly limits: () => GrowthLimits;
  /** Every node that is enrolled, now. */
  readonly places: () => readonly NodePlace[];
}

/**
 * Lets the cluster grow within its license: one node after another, so that those that come at the same time can't exceed a limit together. What stands
 * already is never judged.
 */
export class GrowthGate {
  readonly #parts: GrowthGateComponents;
  #queue: Promise<unknown> = Promise.resolve();
  #refused = 0;

  constructor(parts: GrowthGateComponents) {
    this.#parts = parts;
  }

  /** How often there was no room. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether the node could come now; for an early answer, `enroll` decides. @throws ShoalError `resource_exhausted` */
  check(node: NodePlace): void {
    this.#judge(() => checkNewNode(node, this.#parts.places(), this.#parts.limits()));
  }

  /**
   * Runs what brings a node in, when there is room for it. The node must be among the places once `body` has resolved.
   *
   * @throws ShoalError `resource_exhausted`, and what `body` throws
   */
  enroll<T>(node: NodePlace, body: () => Promise<T>): Promise<T> {
    return this.#exclusive(() => {
      this.check(node);
      return body();
    });
  }

  /** The same for a node that stands at another site from now on. */
  move<T>(node: NodePlace, body: () => Promise<T>): Promise<T> {
    return this.#exclusive(() => {
      this.#judge(() => checkMove(node, this.#parts.places(), this.#parts.limits()));
      return body();
    });
  }

  #judge(check: () => void): void {
    try {
      check();
    } catch (thrown) {
      this.#refused += 1;
      throw thrown;
    }
  }

  #exclusive<T>(body: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(body);
    this.#queue = run.catch(() => undefined);
    return run;
  }
}
