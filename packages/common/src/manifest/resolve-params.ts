import type { Blueprint } from '../blueprint/blueprint.js';
import type { Params, ParamValue, ServiceSpec } from '../spec/spec.js';

/** A node, as far as selectors and overrides care. */
export interface NodePlace {
  readonly name: string;
  readonly site: string;
}

/** Whether a service runs on a node. */
export function runsOn(service: ServiceSpec, node: NodePlace): boolean {
  const { nodes } = service;
  if (nodes === 'all') return true;
  return 'site' in nodes ? nodes.site === node.site : nodes.includes(node.name);
}

/**
 * A service's parameters on one node: the blueprint's defaults, over them `params`, `perSite` of its site and `perNode` of its name; each
 * value replaces the former whole. Parameters without any value are left out. In the order of the blueprint.
 */
export function resolveParams(blueprint: Blueprint, service: ServiceSpec, node: NodePlace): Params {
  const layers = [service.params, service.perSite?.[node.site], service.perNode?.[node.name]];
  const resolved: Record<string, ParamValue> = {};
  for (const [name, schema] of Object.entries(blueprint.parameters)) {
    const given = layers.findLast((layer) => layer !== undefined && Object.hasOwn(layer, name))?.[name];
    const value = given === undefined ? (schema.default as ParamValue | undefined) : given;
    if (value !== undefined) resolved[name] = value;
  }
  return resolved;
}
