import { listed } from '@shoal/common';
import type { Advance, Observation, ObservedNode, RolloutNode, RolloutState, TargetChange } from './state.js';

/** One node whose turn may have come. */
interface Candidate {
  readonly node: RolloutNode;
  readonly seen: ObservedNode;
}

/** Nobody failed: the next nodes' turn, the canary's promotion, or the end. */
export function offerNext(state: RolloutState, observation: Observation): Advance {
  const pending = state.nodes.filter(({ status }) => status === 'pending');
  const offered = state.nodes.filter(({ status }) => status === 'offered');
  if (pending.length === 0 && offered.length === 0) return finish(state, observation);
  if (state.status === 'paused') return { state: waiting(state, ''), targets: [] };
  const current = batchOf([...pending, ...offered]);
  const canary = current === undefined ? { state, isHeld: false } : promote(state, current, observation);
  if (canary.isHeld) return { state: canary.state, targets: [] };
  const inBatch = pending.filter(({ batch }) => batch === current);
  const { chosen, waits } = choose(state, inBatch, offered, observation);
  if (chosen.length === 0) {
    const why = offered.length > 0 ? '' : waits || waitsFor(pending);
    return { state: waiting(running(canary.state), why), targets: [] };
  }
  return offer(canary.state, chosen, observation);
}

function running(state: RolloutState): RolloutState {
  return state.status === 'running' ? state : { ...state, status: 'running' };
}

function waiting(state: RolloutState, waits: string): RolloutState {
  return state.waits === waits ? state : { ...state, waits };
}

function names(nodes: readonly { readonly node: string }[]): string {
  return listed(
    nodes.map(({ node }) => node),
    3,
  );
}

function waitsFor(nodes: readonly RolloutNode[]): string {
  return `Waits for the link of ${names(nodes)}`;
}

/** The lowest batch that isn't through; undefined: what is left is in none. */
function batchOf(nodes: readonly RolloutNode[]): number | undefined {
  const batches = nodes.map(({ batch }) => batch).filter((batch) => batch > 0);
  return batches.length === 0 ? undefined : batches.reduce((first, batch) => Math.min(first, batch));
}

/**
 * The canary's batch is through when a later one is to come: it waits for promotion, or is promoted by the time that it has been healthy. `isHeld`: no
 * other batch may begin.
 */
function promote(
  state: RolloutState,
  current: number,
  { at, nodes }: Observation,
): { readonly state: RolloutState; readonly isHeld: boolean } {
  if (state.policy.strategy !== 'canary' || state.promoted || current === 1) return { state, isHeld: false };
  const canary = state.nodes.filter(({ batch }) => batch === 1);
  const away = canary.filter(({ status }) => status === 'offline');
  if (away.length > 0 && away.length === canary.length) {
    // Nothing has proven itself yet.
    return { state: waiting(running(state), canaryWaits(away, 'offline')), isHeld: true };
  }
  const ill = canary.filter(({ node, status }) => {
    const seen = nodes.get(node);
    return status === 'succeeded' && !(seen?.presence === 'connected' && seen.healthy);
  });
  const isGone = !canary.some(({ status }) => status === 'succeeded');
  const gone = isGone ? 'No node of the canary is left' : '';
  const waits = ill.length > 0 ? canaryWaits(ill, 'not healthy') : gone;
  const canaryAt = ill.length > 0 || isGone ? null : (state.canaryAt ?? at);
  const { promoteAfterMs } = state.policy.canary;
  if (promoteAfterMs !== null && canaryAt !== null && at >= canaryAt + promoteAfterMs) {
    return { state: { ...state, status: 'running', promoted: true, canaryAt, waits: '' }, isHeld: false };
  }
  const isSame =
    state.status === 'awaiting-promotion' && state.canaryAt === canaryAt && state.waits === waits;
  const held = { ...state, status: 'awaiting-promotion' as const, canaryAt, waits };
  return { state: isSame ? state : held, isHeld: true };
}

function canaryWaits(nodes: readonly RolloutNode[], what: string): string {
  return `The canary ${names(nodes)} is ${what}`;
}

/** Nodes that run what the change touches, and are down, unhealthy or drained by an operator without being under way. */
function unavailable(nodes: Observation['nodes'], under: ReadonlySet<string>): Set<string> {
  const down = new Set<string>();
  for (const [name, seen] of nodes) {
    if (seen.affected && !under.has(name) && (isDown(seen) || seen.drained)) down.add(name);
  }
  return down;
}

function isDown({ presence, healthy }: ObservedNode): boolean {
  return presence !== 'connected' || !healthy;
}

/** Why nothing may begin: who is unavailable for which reason. */
function heldBy(down: ReadonlySet<string>, nodes: Observation['nodes'], bound: number): string {
  const all = [...down].map((node) => ({ node }));
  const isDrained = ({ node }: { readonly node: string }): boolean => {
    const seen = nodes.get(node);
    return seen !== undefined && !isDown(seen);
  };
  const told = [
    { who: all.filter((node) => !isDrained(node)), what: 'unavailable' },
    { who: all.filter(isDrained), what: 'drained by an operator' },
  ].filter(({ who }) => who.length > 0);
  const words = told.map(({ who, what }) => `${names(who)} ${who.length === 1 ? 'is' : 'are'} ${what}`);
  return `${words.join(', ')}, and at most ${bound} may be unavailable (rollout.maxUnavailable)`;
}

/** Which nodes of the batch may begin now. */
function choose(
  state: RolloutState,
  inBatch: readonly RolloutNode[],
  offered: readonly RolloutNode[],
  { nodes }: Observation,
): { readonly chosen: readonly Candidate[]; readonly waits: string } {
  const reachable = inBatch.flatMap((node): Candidate[] => {
    const seen = nodes.get(node.node);
    return seen?.presence === 'connected' ? [{ node, seen }] : [];
  });
  // One that is still at work on a superseded revision comes first: it may be the one that the change is to mend.
  const candidates = [
    ...reachable.filter(({ seen }) => !seen.settled),
    ...reachable.filter(({ seen }) => seen.settled),
  ];
  const isCounted = state.policy.maxUnavailable !== null;
  const under = new Set(offered.map(({ node }) => node));
  const down = isCounted ? unavailable(nodes, under) : new Set<string>();
  const chosen: Candidate[] = [];
  for (const candidate of candidates) {
    const { node } = candidate.node;
    // One that is unavailable anyway costs nothing more: it may be the one that the change is to mend.
    const others = down.has(node) ? 0 : down.size;
    if (under.size + others >= state.bound) continue;
    under.add(node);
    down.delete(node);
    chosen.push(candidate);
  }
  const isHeld = candidates.length > 0 && chosen.length === 0 && down.size > 0;
  const waits = isHeld ? heldBy(down, nodes, state.bound) : '';
  return { chosen, waits };
}

function offer(state: RolloutState, chosen: readonly Candidate[], { at }: Observation): Advance {
  const { revision, policy } = state;
  const targets: TargetChange[] = [];
  const asked = new Map<string, RolloutNode>();
  for (const { node, seen } of chosen) {
    const attempt = seen.attempt + 1;
    targets.push({ node: node.node, revision, good: node.previous, attempt, undo: false });
    const deadlineAt = at + policy.nodeDeadlineMs;
    asked.set(node.node, { ...node, status: 'offered', attempt, startedAt: at, deadlineAt });
  }
  const nodes = state.nodes.map((node) => asked.get(node.node) ?? node);
  return { state: { ...state, status: 'running', waits: '', nodes }, targets };
}

/** Every node has had its turn, but for those that are offline: they get the revision when they come back, once another one has proven it. */
function finish(state: RolloutState, { at, nodes: observed }: Observation): Advance {
  const skipped = state.nodes.filter(({ status }) => status === 'offline');
  const proven = state.nodes.some(({ status, startedAt }) => status === 'succeeded' && startedAt !== null);
  if (skipped.length > 0 && !proven) {
    return {
      state: waiting(state, `Every node that it would change is offline: ${names(skipped)}`),
      targets: [],
    };
  }
  const targets: TargetChange[] = [];
  const nodes = state.nodes.map((node) => {
    if (node.status !== 'offline') return node;
    const attempt = (observed.get(node.node)?.attempt ?? node.attempt) + 1;
    targets.push({ node: node.node, revision: state.revision, good: node.previous, attempt, undo: false });
    return { ...node, attempt };
  });
  const ended = { ...state, status: 'succeeded' as const, endedAt: at, waits: '', pausedAt: null, nodes };
  return { state: ended, targets };
}
