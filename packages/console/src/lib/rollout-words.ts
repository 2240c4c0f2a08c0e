import type { RolloutNodeView, RolloutStatus, RolloutView } from '@shoal/common';

/** The nodes that have their turn together. */
export interface Batch {
  /** From 1 on; 0: nodes that the change doesn't touch. */
  readonly number: number;
  readonly nodes: readonly RolloutNodeView[];
}

/** The batches in the order of their turns; nodes that the change doesn't touch come last. */
export function batchesOf(nodes: readonly RolloutNodeView[]): readonly Batch[] {
  const byNumber = new Map<number, RolloutNodeView[]>();
  for (const node of nodes) {
    const others = byNumber.get(node.batch);
    if (others === undefined) byNumber.set(node.batch, [node]);
    else others.push(node);
  }
  const last = (number: number) => (number === 0 ? Number.POSITIVE_INFINITY : number);
  return [...byNumber]
    .sort(([a], [b]) => last(a) - last(b))
    .map(([number, members]) => ({ number, nodes: members }));
}

/** What an operator may ask of a rollout; `keep` is an abort that leaves the nodes as they are. */
export type RolloutAction = 'promote' | 'resume' | 'retry' | 'pause' | 'abort' | 'undo' | 'keep';

const actions: Readonly<Record<RolloutStatus, readonly RolloutAction[]>> = {
  running: ['pause', 'abort'],
  'awaiting-promotion': ['promote', 'pause', 'abort'],
  paused: ['resume', 'abort'],
  undoing: ['keep'],
  failed: ['retry', 'undo'],
  aborted: ['retry', 'undo'],
  succeeded: ['retry'],
  superseded: [],
};

/** What can be asked of a rollout as it stands, the likeliest first; only the newest one can be asked anything. */
export function possibleActions(rollout: RolloutView, isNewest: boolean): readonly RolloutAction[] {
  const { status, undone, nodes } = rollout;
  if (!isNewest) return [];
  return actions[status].filter((action) => {
    if (action === 'undo')
      return !undone && nodes.some((node) => node.startedAt !== null && node.previous > 0);
    if (action === 'retry' && status === 'succeeded') return nodes.some((node) => node.status === 'failed');
    return true;
  });
}

/** A rollout that stands still until somebody does something. */
export function isHeld({ status }: RolloutView): boolean {
  return status === 'paused' || status === 'awaiting-promotion';
}

/** True when something was changed and went back; a node that refused before anything was touched has nothing to undo. */
export function wasUndone({ undone, nodes }: Pick<RolloutView, 'undone' | 'nodes'>): boolean {
  const changed = nodes.some(
    ({ status, failure }) => status === 'undone' || (failure !== null && failure.untouched !== true),
  );
  return undone && changed;
}
