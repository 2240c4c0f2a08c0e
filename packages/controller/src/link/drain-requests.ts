import { type NodeView, nearest, ShoalError } from '@shoal/common';
import { listJson, updateJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';

/** Stands for every service of a node. */
const everyService = '*';

/** What operators want drained on a node, key `drains/<node>`. */
interface DrainRequest {
  readonly node: string;
  /** Names of services, or `*`. */
  readonly services: readonly string[];
}

/** What operators want drained, node by node: in the store, and in memory what is stored. */
export class DrainRequests {
  readonly #store: Store;
  readonly #byNode = new Map<string, readonly string[]>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for (const { node, services } of await listJson<DrainRequest>(this.#store, keys.drains))
      this.#byNode.set(node, services);
  }

  /** Services that shall be drained on the node, sorted; `*` alone: all. */
  get(node: string): readonly string[] {
    return this.#byNode.get(node) ?? [];
  }

  /** Asks for one service more; undefined: for all. */
  async add(node: string, service: string | undefined): Promise<void> {
    await this.#change(node, (asked) => {
      if (service === undefined || asked.includes(everyService)) return [everyService];
      return [...new Set([...asked, service])].sort();
    });
  }

  /** Takes one service back; undefined: all. @throws ShoalError `failed_precondition` for one of a node that is drained as a whole */
  async remove(node: string, service: string | undefined): Promise<void> {
    await this.#change(node, (asked) => {
      if (service === undefined) return [];
      if (!asked.includes(everyService)) return asked.filter((name) => name !== service);
      throw new ShoalError(
        'failed_precondition',
        `All services of node "${node}" are drained, not one by one`,
        {
          hint: `Undrain the node: shoal node undrain ${node}`,
        },
      );
    });
  }

  async #change(node: string, change: (asked: readonly string[]) => readonly string[]): Promise<void> {
    const changed = await updateJson<DrainRequest>(this.#store, keys.drain(node), (present) => ({
      node,
      services: change(present?.services ?? []),
    }));
    this.#byNode.set(node, changed?.services ?? []);
  }

  /** The node is no more; its key is deleted with its other keys. */
  forget(node: string): void {
    this.#byNode.delete(node);
  }
}

/** Throws `not_found` for a service that the node neither runs nor shall run. */
export function checkDrainable(
  { name, services }: NodeView,
  desired: readonly string[],
  service: string,
): void {
  const known = [...new Set([...services.map((status) => status.service), ...desired])];
  if (known.includes(service)) return;
  const near = nearest(service, known);
  const hint = near === undefined ? `Its services: ${known.join(', ') || 'none'}` : `Did you mean "${near}"?`;
  throw new ShoalError('not_found', `Node "${name}" runs no service "${service}"`, { hint });
}
