import type { Policy } from './policy.js';
import { countOf } from './policy.js';
import type { ObservedNode, RolloutNode, RolloutState } from './state.js';
import { isHalfUndone } from './state.js';

type Named = readonly [name: string, observed: ObservedNode];

/** True when the node is to be changed: it runs something else, or is about to, or is left in between. */
export function isTouched(seen: ObservedNode): boolean {
  return !(seen.running === seen.hash && seen.settled) || isHalfUndone(seen);
}

/** Which nodes come first: by site as the policy orders them, then those that others need, then by name. */
function inOrder(nodes: Iterable<Named>, { order, maxUnavailable }: Policy): Named[] {
  const place = new Map(order.map((site, index) => [site, index]));
  const siteOf = ([, { site }]: Named): number => place.get(site) ?? order.length;
  // One that serves nothing anyway costs no availability, and would hold up the others for ever where it counts.
  const isDown = ([, { healthy, drained }]: Named): number =>
    maxUnavailable !== null && (!healthy || drained) ? 0 : 1;
  return [...nodes].sort(
    (a, b) =>
      isDown(a) - isDown(b) ||
      siteOf(a) - siteOf(b) ||
      a[1].rank - b[1].rank ||
      (a[0] < b[0] ? -1 : Number(a[0] > b[0])),
  );
}

/** How many of the touched nodes, first in order, are the first batch; with names of a canary, those are moved to the front. */
function firstBatch(touched: readonly Named[], policy: Policy): { nodes: readonly Named[]; first: number } {
  const { strategy, canary, batch } = policy;
  if (strategy === 'all-at-once') return { nodes: touched, first: Math.max(1, touched.length) };
  if (strategy === 'one-by-one') return { nodes: touched, first: 1 };
  if (strategy === 'batches') return { nodes: touched, first: countOf(batch, touched.length) };
  if (typeof canary.nodes === 'number' || typeof canary.nodes === 'string') {
    return { nodes: touched, first: countOf(canary.nodes, touched.length) };
  }
  const names = new Set<string>(canary.nodes);
  const chosen = touched.filter(([name]) => names.has(name));
  const others = touched.filter(([name]) => !names.has(name));
  // None of those that were named is touched: the first one in order stands in.
  return { nodes: [...chosen, ...others], first: Math.max(1, chosen.length) };
}

function nodeOf(state: RolloutState, [name, observed]: Named, batch: number): RolloutNode {
  return {
    node: name,
    status: 'pending',
    batch,
    previous: state.carried[name] ?? (observed.good === 0 ? state.from : observed.good),
    attempt: 0,
    startedAt: null,
    deadlineAt: null,
    endedAt: null,
    failure: null,
  };
}

/** The rollout meets the nodes for the first time: who is in which batch, and how many may be under way. */
function plan(state: RolloutState, observed: ReadonlyMap<string, ObservedNode>): RolloutState {
  const { policy } = state;
  const ordered = inOrder(observed, policy);
  const untouched = ordered.filter(([, node]) => !isTouched(node));
  const { nodes, first } = firstBatch(
    ordered.filter(([, node]) => isTouched(node)),
    policy,
  );
  const size = policy.strategy === 'canary' ? countOf(policy.batch, nodes.length) : first;
  const batchOf = (index: number): number => (index < first ? 1 : 2 + Math.floor((index - first) / size));
  const usual = Math.max(size, first);
  const bound = policy.maxUnavailable === null ? usual : countOf(policy.maxUnavailable, nodes.length);
  return {
    ...state,
    batches: Math.max(1, nodes.length === 0 ? 1 : batchOf(nodes.length - 1)),
    bound,
    size,
    nodes: [
      ...nodes.map((named, index) => nodeOf(state, named, batchOf(index))),
      ...untouched.map((named) => nodeOf(state, named, 0)),
    ],
  };
}

/** The batch that a node joins which came later: the last one while it isn't full; never the canary's. */
function laterBatch({
  nodes,
  policy,
  size,
  batches,
}: Pick<RolloutState, 'nodes' | 'policy' | 'size' | 'batches'>): number {
  const inLast = nodes.filter(({ batch }) => batch === batches).length;
  const isCanary = policy.strategy === 'canary' && batches === 1;
  return isCanary || (inLast >= size && policy.strategy !== 'all-at-once') ? batches + 1 : batches;
}

function put(state: RolloutState, node: RolloutNode, index: number): RolloutState {
  const batch = laterBatch(state);
  const nodes = [...state.nodes];
  nodes[index] = { ...node, batch };
  return { ...state, nodes, batches: Math.max(state.batches, batch) };
}

/**
 * The rollout with the nodes of the cluster as they are: those that were removed go, those that are new join the queue, and so do those that turn out to
 * need the change after all.
 */
export function meetNodes(state: RolloutState, observed: ReadonlyMap<string, ObservedNode>): RolloutState {
  if (state.batches === 0) return plan(state, observed);
  const kept = state.nodes.filter(({ node }) => observed.has(node));
  let next = kept.length === state.nodes.length ? state : { ...state, nodes: kept };
  if (kept.length < observed.size) {
    const known = new Set(kept.map(({ node }) => node));
    const fresh = inOrder(
      [...observed].filter(([name]) => !known.has(name)),
      state.policy,
    );
    for (const named of fresh) {
      const node = nodeOf(state, named, 0);
      next = isTouched(named[1])
        ? put(next, node, next.nodes.length)
        : { ...next, nodes: [...next.nodes, node] };
    }
  }
  for (const [index, node] of next.nodes.entries()) {
    const seen = observed.get(node.node);
    if (node.batch !== 0 || node.status !== 'pending' || seen?.presence !== 'connected') continue;
    if (isTouched(seen)) next = put(next, node, index);
  }
  return next;
}
