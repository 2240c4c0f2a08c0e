import type { RolloutView } from '@shoal/common';
import type { JSX } from 'preact';
import { isHeld } from '../lib/rollout-words.js';
import { type ClusterState, cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Icon } from './icon.js';
import { Link } from './link.js';
import { Time } from './text.js';

/** The rollout with the greatest revision that is known. */
export function newestRollout({ rollouts }: ClusterState): RolloutView | undefined {
  let newest: RolloutView | undefined;
  for (const rollout of rollouts.values()) {
    if (newest === undefined || rollout.revision > newest.revision) newest = rollout;
  }
  return newest;
}

/** Says on every page but its own that the newest rollout stands still until somebody does something. */
export function RolloutBanner({ path }: { path: string }): JSX.Element {
  const rollout = useStore(cluster, newestRollout);
  const page = rollout === undefined ? '' : `/rollouts/${rollout.revision}`;
  return (
    <div role="status">
      {rollout !== undefined && isHeld(rollout) && path !== page && (
        <div class="banner tone-warn">
          <Icon name={rollout.status === 'paused' ? 'pause' : 'behind'} />
          <span>
            <strong>
              The rollout of revision {rollout.revision}{' '}
              {rollout.status === 'paused' ? 'is paused' : 'awaits promotion'}
            </strong>
            {rollout.status === 'paused' && rollout.request !== null && ` by ${rollout.request.by}`}
            {rollout.promoteAt !== null && (
              <>
                ; it goes on by itself <Time at={rollout.promoteAt} />
              </>
            )}
            . <Link to={page}>Look at it</Link>
          </span>
        </div>
      )}
    </div>
  );
}
