import type { NodeView } from '@shoal/common';

/** What is to be said of a node from which requests are kept away. */
export interface DrainState {
  /** An operator asked for it, so that it stays until it is undone; else the node does it for a change. */
  readonly isAsked: boolean;
  readonly title: string;
  /** Empty: nothing more. */
  readonly detail: string;
}

/** undefined: nobody asked for it, and the node doesn't do it. */
export function drainState(
  node: Pick<NodeView, 'draining' | 'drainAsked' | 'connected' | 'services'>,
): DrainState | undefined {
  const { draining, drainAsked, connected } = node;
  if (drainAsked.length === 0) {
    if (draining.length === 0) return undefined;
    const title = `Draining ${draining.join(', ')} for a change.`;
    return { isAsked: false, title, detail: 'Load balancers send nothing new there until it is through.' };
  }
  const isAll = drainAsked.includes('*');
  const wanted = isAll ? node.services.map(({ service }) => service) : drainAsked;
  const what = isAll
    ? 'The node is drained'
    : `${drainAsked.join(', ')} ${drainAsked.length === 1 ? 'is' : 'are'} drained`;
  const title = `${what}: load balancers send nothing new there until it is undrained.`;
  const open = wanted.filter((service) => !draining.includes(service));
  if (!connected) return { isAsked: true, title, detail: 'It has no link: it hears of it as it comes back.' };
  if (open.length > 0) {
    return { isAsked: true, title, detail: `The node hasn’t confirmed it yet for ${open.join(', ')}.` };
  }
  return { isAsked: true, title, detail: '' };
}

/** True when another node runs the service, well and not drained. */
export function servedElsewhere(
  service: string,
  name: string,
  nodes: Iterable<Pick<NodeView, 'name' | 'member' | 'services' | 'draining' | 'drainAsked'>>,
): boolean {
  for (const node of nodes) {
    if (node.name === name || (node.member !== 'alive' && node.member !== 'suspect')) continue;
    if ([...node.draining, ...node.drainAsked].some((one) => one === service || one === '*')) continue;
    const found = node.services.find((one) => one.service === service);
    if (found !== undefined && found.health !== 'unhealthy') return true;
  }
  return false;
}
