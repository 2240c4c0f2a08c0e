import type { SealContext } from './seal.js';

/** What a secret's value is sealed for at rest: this version of it, in this store of its. `store`: `controller`, or `agent`. */
export function atRest(store: 'controller' | 'agent', name: string, version: string): SealContext {
  return ['shoal secret at rest', store, name, version];
}

/** What a secret's value is sealed for on its way: this version of it, this node of this cluster. */
export function forNode(clusterId: string, node: string, name: string, version: string): SealContext {
  return ['shoal secret for a node', clusterId, node, name, version];
}
