import { randomBytes } from 'node:crypto';

/** What a cluster's id looks like: 20 of `0-9a-f`. */
export const clusterIdPattern = '[0-9a-f]{20}';

/** A random id for a new cluster. */
export function newClusterId(): string {
  return randomBytes(10).toString('hex');
}
