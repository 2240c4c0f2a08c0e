import { type ClusterConfig, readToken } from './enroll.js';
import type { IdentityFile, NodeIdentity } from './stored-identity.js';

/**
 * Who this node is as its agent starts: what is stored; in a cluster also what it had put aside when it left, unless the join token is for another one. Undefined: nobody yet.
 * Throws `failed_precondition` for a damaged file.
 */
export async function findIdentity(
  file: IdentityFile,
  cluster: ClusterConfig | undefined,
): Promise<NodeIdentity | undefined> {
  const stored = await file.load();
  if (stored !== undefined || cluster === undefined) return stored;
  // A token that can't be read is complained of when it is needed.
  const token = await readToken(cluster).catch(() => undefined);
  return await file.takeBack(token?.clusterId, Date.now());
}
