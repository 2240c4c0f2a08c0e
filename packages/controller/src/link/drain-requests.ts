import { type DrainedNode, listed, type NodeView, nearest, ShoalError } from '@shoal/common';
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
  /** Who asked for it last; absent in what versions stored that didn't keep it. */
  readonly by?: string;
  /** When, ms since the epoch; absent as `by`. */
  readonly at?: number;
}

/** What operators want drained, node by node: in the store, and in memory what is stored. */
export class DrainRequests {
  readonly #store: Store;
  readonly #byNode = new Map<string, DrainRequest>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for (const request of await listJson<DrainRequest>(this.#store, keys.drains))
      this.#byNode.set(request.node, request);
  }

  /** Services that shall be drained on the node, sorted; `*` alone: all. */
  get(node: string): readonly string[] {
    return this.#byNode.get(node)?.services ?? [];
  }

  /** All that is drained, by node. */
  all(): readonly DrainedNode[] {
    return [...this.#byNode.values()]
      .filter(({ services }) => services.length > 0)
      .sort((a, b) => (a.node < b.node ? -1 : 1))
      .map(({ node, services, by = null, at = null }) => ({ node, services, by, at }));
  }

  /** Asks for one service more; undefined: for all. `asker`: who does so, and when; not noted where that changes nothing. */
  async add(
    node: string,
    service: string | undefined,
    asker: { readonly by?: string; readonly at?: number } = {},
  ): Promise<void> {
    const add = (asked: readonly string[]): readonly string[] => {
      if (service === undefined || asked.includes(everyService)) return [everyService];
      return [...new Set([...asked, service])].sort();
    };
    await this.#change(node, add, asker);
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

  async #change(
    node: string,
    change: (asked: readonly string[]) => readonly string[],
    asker: { readonly by?: string; readonly at?: number } = {},
  ): Promise<void> {
    const changed = await updateJson<DrainRequest>(this.#store, keys.drain(node), (present) => {
      const services = change(present?.services ?? []);
      const isSame = services.join() === present?.services.join();
      return { ...present, ...(isSame ? {} : asker), node, services };
    });
    if (changed === undefined) this.#byNode.delete(node);
    else this.#byNode.set(node, changed);
  }

  /** The node is no more; its key is deleted with its other keys. */
  forget(node: string): void {
    this.#byNode.delete(node);
  }
}

/** A warning for each service that operators have drained on every node that runs it. */
export function drainWarnings(nodes: readonly NodeView[]): string[] {
  const names = new Set(nodes.flatMap(({ services }) => services.map(({ service }) => service)));
  const has = (list: readonly string[], service: string): boolean =>
    list.includes(everyService) || list.includes(service);
  return [...names].sort().flatMap((name) => {
    const serving = nodes.filter(({ services }) => services.some(({ service }) => service === name));
    const isOut = serving.every(({ drainAsked, draining }) => has(drainAsked, name) && has(draining, name));
    if (!isOut) return [];
    const names = serving.map((node) => node.name);
    return [
      `every node that serves ${name} is drained (${listed(names, 3)}): shoal node undrain ${names[0]}`,
    ];
  });
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
