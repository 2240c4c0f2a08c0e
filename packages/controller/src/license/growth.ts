import { listed, ShoalError } from '@shoal/common';
import type { NodePlace } from '../spec/manifests.js';

/** What growth is judged by. */
export interface GrowthLimits {
  /** The license in a sentence: `the license lic-1 (premium)`, `the free tier`. */
  readonly name: string;
  /** null: no limit. */
  readonly sites: number | null;
  readonly nodes: number | null;
}

/** The sites that nodes stand in, by name. */
export function sitesOf(places: readonly NodePlace[]): string[] {
  return [...new Set(places.map(({ site }) => site))].sort();
}

/** @throws ShoalError `resource_exhausted` when one more node, or its site, is beyond the limits; `places`: the nodes that there are */
export function checkNewNode(node: NodePlace, places: readonly NodePlace[], limits: GrowthLimits): void {
  const { name, nodes } = limits;
  if (nodes !== null && places.length >= nodes) {
    throw new ShoalError(
      'resource_exhausted',
      `Node "${node.name}" can't join: ${name} allows ${counted(nodes, 'node')}, ${places.length} ${places.length === 1 ? 'is' : 'are'} enrolled`,
      {
        hint: 'On the controller install a license for more nodes (shoal license install FILE), or take out a node that is gone (shoal node rm NAME); the host then joins by itself.',
      },
    );
  }
  checkSite(node, places, limits, "can't join");
}

/** @throws ShoalError `resource_exhausted` when the site that a node moves to is one more than the license allows; `places`: all nodes, this one where it stood */
export function checkMove(node: NodePlace, places: readonly NodePlace[], limits: GrowthLimits): void {
  const others = places.filter(({ name }) => name !== node.name);
  const before = sitesOf(places).length;
  // The last one of its site takes the site's place along.
  if (sitesOf([...others, node]).length <= before) return;
  checkSite(node, places, limits, "can't move");
}

function checkSite(node: NodePlace, places: readonly NodePlace[], limits: GrowthLimits, what: string): void {
  const used = sitesOf(places);
  const { name, sites } = limits;
  if (sites === null || used.includes(node.site) || used.length < sites) return;
  throw new ShoalError(
    'resource_exhausted',
    `Node "${node.name}" of site "${node.site}" ${what}: ${name} allows ${counted(sites, 'site')}, in use: ${listed(used, named)}`,
    {
      hint: `On the controller install a license for more sites (shoal license install FILE), or set node.site in agent.yaml to a site that is in use; the host then joins by itself.`,
    },
  );
}

/** Most names in a sentence. */
const named = 10;

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
