import { ShoalError } from '@shoal/common';
import type { NodeCertificate, NodeRecord } from '../enrol/node-record.js';
import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';

/** How often a removal is tried again when the node's record changed meanwhile. */
const attempts = 20;

/**
 * Deletes what the store holds of a node and keeps its certificates as revoked: those of the store, where one was added just now maybe. Gives them.
 *
 * @throws ShoalError `conflict` when its record kept changing
 */
export async function revokeStored(store: Store, name: string): Promise<readonly NodeCertificate[]> {
  const own = [keys.node(name), keys.target(name), keys.drain(name), keys.report(name)];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const stored = await getJson<NodeRecord>(store, keys.node(name));
    const certificates = stored?.value.certificates ?? [];
    const { committed } = await store.transact({
      compare: [{ key: keys.node(name), modRevision: stored?.modRevision ?? 0 }],
      writes: [
        ...own.map((key) => ({ type: 'delete', key }) as const),
        ...certificates.map((certificate) =>
          putJson(keys.revokedSerial(certificate.serial), { ...certificate, node: name }),
        ),
      ],
    });
    if (committed) return certificates;
  }
  throw new ShoalError('conflict', `The record of node "${name}" kept changing`);
}
