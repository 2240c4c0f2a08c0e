import type { RolloutNodeStatus, RolloutView, StepEventView } from '@shoal/common';
import type { JSX } from 'preact';
import { duration } from '../lib/time.js';
import { clock } from '../state/clock.js';
import { nodePath } from '../state/router.js';
import { useStore } from '../state/store.js';
import { Failure } from './failure.js';
import { Link } from './link.js';
import { RolloutNodeBadge } from './status.js';
import { Steps } from './steps.js';

const order: readonly (readonly [RolloutNodeStatus, string])[] = [
  ['succeeded', 'done'],
  ['offered', 'at work'],
  ['failed', 'failed'],
  ['offline', 'offline'],
  ['pending', 'waiting'],
  ['untouched', 'untouched'],
  ['undoing', 'going back'],
  ['undone', 'undone'],
];

/** `2 of 3 done, 1 failed` */
export function progressWords(rollout: RolloutView): string {
  const parts = order.flatMap(([status, word]) => {
    const number = rollout.nodes.filter((node) => node.status === status).length;
    if (status === 'succeeded') return [`${number} of ${rollout.nodes.length} ${word}`];
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

interface RolloutNodesProps {
  readonly rollout: RolloutView;
  readonly events: readonly StepEventView[];
}

/** Each node with its state, failure and steps. The one at work and failed ones are open. */
export function RolloutNodes({ rollout, events }: RolloutNodesProps): JSX.Element {
  const now = useStore(clock);
  return (
    <ul class="rollout-nodes">
      {rollout.nodes.map((node) => {
        const own = events.filter((event) => event.node === node.node);
        const end = node.endedAt ?? (node.status === 'offered' ? now : null);
        return (
          <li key={node.node} class="panel" data-node={node.node}>
            <div class="panel-head">
              <h2>
                <Link to={nodePath(node.node)}>{node.node}</Link>
              </h2>
              <RolloutNodeBadge status={node.status} />
              {node.startedAt !== null && end !== null && end >= node.startedAt && (
                <span class="muted took">{duration(end - node.startedAt)}</span>
              )}
            </div>
            {node.failure !== null && <Failure failure={node.failure} where={node.node} />}
            {own.length > 0 && (
              <details open={node.status === 'offered' || node.status === 'failed'}>
                <summary>{own.length} step events</summary>
                <Steps events={own} label={`Steps on ${node.node}`} />
              </details>
            )}
          </li>
        );
      })}
    </ul>
  );
}
