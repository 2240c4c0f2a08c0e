import type { RolloutNodeStatus, RolloutView } from '@shoal/common';
import type { JSX } from 'preact';

const order: readonly (readonly [RolloutNodeStatus, string])[] = [
  ['succeeded', 'done'],
  ['offered', 'at work'],
  ['undoing', 'going back'],
  ['undone', 'undone'],
  ['failed', 'failed'],
  ['offline', 'offline'],
  ['pending', 'waiting'],
  ['untouched', 'untouched'],
];

/** `2 of 3 done, 1 failed` */
export function progressWords({ nodes }: Pick<RolloutView, 'nodes'>): string {
  const parts = order.flatMap(([status, word]) => {
    const number = nodes.filter((node) => node.status === status).length;
    if (status === 'succeeded') return [`${number} of ${nodes.length} ${word}`];
    return number === 0 ? [] : [`${number} ${word}`];
  });
  return parts.join(', ');
}

/** One segment a node, in the order of their turns. */
export function ProgressBar({ rollout }: { rollout: RolloutView }): JSX.Element {
  return (
    <div class="progress" aria-hidden="true">
      {rollout.nodes.map((node) => (
        <span key={node.node} class={`progress-${node.status}`} title={`${node.node}: ${node.status}`} />
      ))}
    </div>
  );
}
