import { type Logger, ShoalError } from '@shoal/common';
import type { GrowthGate } from '../license/growth-gate.js';
import type { LicenseKeeper } from '../license/license-keeper.js';
import type { Nodes } from '../link/nodes.js';
import { updateJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';
import { isSiteName, type NodeRecord } from './node-record.js';

/** What moves need of the rest. */
export interface NodeMovesComponents {
  readonly store: Store;
  readonly nodes: Nodes;
  readonly growth: GrowthGate;
  readonly license: Pick<LicenseKeeper, 'moveRefused' | 'onChange'>;
  readonly logger: Logger;
}

/**
 * Nodes that say, as their link begins, that they stand at another site now: their manifests may differ. A site that the license has no room for isn't taken over: the
 * node goes on as one of the site before, and moves once there is room.
 */
export class NodeMoves {
  readonly #parts: NodeMovesComponents;
  /** Sites that nodes say and that they don't count at, yet. */
  readonly #waiting = new Map<string, string>();

  constructor(parts: NodeMovesComponents) {
    this.#parts = parts;
    const { license, nodes } = parts;
    license.onChange(() => this.#tryAgain());
    nodes.onChange((node) => {
      if (nodes.has(node)) return;
      this.#settled(node);
      this.#tryAgain();
    });
  }

  /** Never rejects. */
  async seen(node: string, site: string): Promise<void> {
    const { nodes, growth } = this.#parts;
    if (nodes.record(node)?.site === site || !isSiteName(site)) {
      this.#settled(node);
      return;
    }
    this.#waiting.set(node, site);
    try {
      await growth.move({ name: node, site }, () => this.#move(node, site));
    } catch (error) {
      // Meanwhile it may have been removed, or say another site.
      if (this.#waiting.get(node) === site) this.#refused(node, site, error);
    }
  }

  #refused(node: string, site: string, error: unknown): void {
    const { nodes, license, logger } = this.#parts;
    const { code, message, hint } = ShoalError.from(error);
    if (code !== 'resource_exhausted') {
      logger.error({ err: error, node }, 'site not stored');
      return;
    }
    const stays = nodes.record(node)?.site;
    license.moveRefused(node, `${message}; it counts as one of site "${stays}" until there is room`);
    logger.warn({ node, site, stays, hint }, message);
  }

  /** It waits no longer. */
  #settled(node: string): void {
    this.#waiting.delete(node);
    this.#parts.license.moveRefused(node, undefined);
  }

  #tryAgain(): void {
    for (const [node, site] of [...this.#waiting]) void this.seen(node, site);
  }

  async #move(node: string, site: string): Promise<void> {
    const { store, nodes, logger } = this.#parts;
    if (this.#waiting.get(node) !== site) return;
    const moved = await updateJson<NodeRecord>(store, keys.node(node), (present) =>
      present === undefined ? undefined : { ...present, site },
    );
    if (moved === undefined || !nodes.has(node)) return;
    nodes.stored(moved);
    logger.info({ node, site }, 'node moved to another site');
    // Meanwhile it may say yet another site.
    if (this.#waiting.get(node) === site) this.#settled(node);
    // The site that it left may be free now, and the one where it stands is in use.
    this.#tryAgain();
  }
}
