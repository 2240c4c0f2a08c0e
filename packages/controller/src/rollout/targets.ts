import { listJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';
import type { TargetChange } from './state.js';

/** What a node shall be, key `targets/<node>`. */
export interface Target {
  readonly node: string;
  /** 0: nothing is asked of it. */
  readonly revision: number;
  /** Last revision that it was measured to run; 0: none. */
  readonly good: number;
  /** Rises each time that the node is asked for something; absent in what version 0.1 stored: 0. */
  readonly attempt?: number;
  /** It goes back to what it ran: the gate doesn't judge its traffic. Default false. */
  readonly undo?: boolean;
}

/** The nodes' target revisions: in the store, and in memory what is stored. */
export class Targets {
  readonly #byNode = new Map<string, Target>();

  async load(store: Store): Promise<void> {
    for (const target of await listJson<Target>(store, keys.targets)) this.#byNode.set(target.node, target);
  }

  get(node: string): Target | undefined {
    return this.#byNode.get(node);
  }

  /** Every revision that some node shall be at. */
  revisions(): ReadonlySet<number> {
    return new Set([...this.#byNode.values()].map((target) => target.revision));
  }

  /** The writes for these changes; `stored` is to be called once they are committed. */
  writes(changes: readonly TargetChange[]): Write[] {
    const byNode = new Map(changes.map((change) => [change.node, change]));
    return [...byNode.values()].map((change) => putJson(keys.target(change.node), change));
  }

  stored(changes: readonly TargetChange[]): void {
    for (const change of changes) this.#byNode.set(change.node, change);
  }

  /** The node is no more; its key is deleted with its other keys. */
  forget(node: string): void {
    this.#byNode.delete(node);
  }
}
