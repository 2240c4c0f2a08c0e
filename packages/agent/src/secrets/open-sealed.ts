import { forNode, openWithKey, type SealedSecret__Output } from '@shoal/common';
import type { NodeIdentity } from '../enrol/stored-identity.js';
import type { SecretValue } from './secret-store.js';

/** So many secrets one node may be sent at once, and so many bytes each sealed. */
const mostSecrets = 1000;
const longestSealed = 128 * 1024;

/** Opens what the controller sealed for this node. Throws `permission_denied` for what was altered, or sealed for another node, key, name or version. */
export function openSealed(
  sealed: readonly SealedSecret__Output[],
  identity: Pick<NodeIdentity, 'clusterId' | 'node' | 'keyPem'>,
): SecretValue[] {
  const { clusterId, node, keyPem } = identity;
  return sealed.slice(0, mostSecrets).map(({ name, version, sealed: bytes }) => {
    const what = `the value of secret "${name}" that the controller sent`;
    const value = openWithKey(
      bytes.subarray(0, longestSealed),
      keyPem,
      forNode(clusterId, node, name, version),
      what,
    );
    return { name, version, value };
  });
}
