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
  /** Sites that nodes say and that there was no room for. */
  readonly #waiting = new Map<string, string>();

  constructor(parts: NodeMovesComponents) {
    this.#parts = parts;
    parts.license.onChange(() => {
      for (const [node, site] of this.#waiting) void this.seen(node, site);
    });
  }

  /** Never rejects. */
  async seen(node: string, site: string): Promise<void> {
    const { nodes, growth, license, logger } = this.#parts;
    this.#waiting.delete(node);
    license.moveRefused(node, undefined);
    if (nodes.record(node)?.site === site || !isSiteName(site)) return;
    try {
      await growth.move({ name: node, site }, () => this.#move(node, site));
    } catch (error) {
      const { code, message, hint } = ShoalError.from(error);
      if (code !== 'resource_exhausted') {
        logger.error({ err: error, node }, 'site not stored');
        return;
      }
      const stays = nodes.record(node)?.site;
      this.#waiting.set(node, site);
      license.moveRefused(node, `${message}; it counts as one of site "${stays}" until there is room`);
      logger.warn({ node, site, stays, hint }, message);
    }
  }

  async #move(node: string, site: string): Promise<void> {
    const { store, nodes, logger } = this.#parts;
    const moved = await updateJson<NodeRecord>(store, keys.node(node), (present) =>
      present === undefined ? undefined : { ...present, site },
    );
    if (moved === undefined || !nodes.has(node)) return;
    nodes.stored(moved);
    logger.info({ node, site }, 'node moved to another site');
  }
}
