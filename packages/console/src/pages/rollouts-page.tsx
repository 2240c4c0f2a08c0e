import type { RolloutView } from '@shoal/common';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { call } from '../api/operations.js';
import { strategyWords, wasUndone } from '../lib/rollout-words.js';
import { duration } from '../lib/time.js';
import { useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Link } from '../ui/link.js';
import { ErrorNotice } from '../ui/notice.js';
import { Loading, Page } from '../ui/page.js';
import { progressWords } from '../ui/rollout-progress.js';
import { RolloutBadge } from '../ui/status.js';
import { Time } from '../ui/text.js';

/** Every rollout, newest first, live. */
export function RolloutsPage(_: PageProps): JSX.Element {
  const changes = useStore(cluster, (state) => state.revisionEvents);
  const live = useStore(cluster, (state) => state.rollouts);
  const { data, error } = useQuery((signal) => call('rollout.list', { limit: 200 }, signal), [changes]);
  const rollouts = useMemo(() => {
    const all = new Map((data?.rollouts ?? []).map((rollout) => [rollout.revision, rollout]));
    for (const rollout of live.values()) all.set(rollout.revision, rollout);
    return [...all.values()].sort((a, b) => b.revision - a.revision);
  }, [data, live]);
  return (
    <Page title="Rollouts">
      {error !== undefined && <ErrorNotice error={error} />}
      {data === undefined && error === undefined && <Loading what="the rollouts" />}
      {data !== undefined && rollouts.length === 0 && (
        <p class="empty">
          No rollout yet. One begins with each <Link to="/apply">applied change</Link>.
        </p>
      )}
      {rollouts.length > 0 && <Table rollouts={rollouts} />}
    </Page>
  );
}

function Table({ rollouts }: { rollouts: readonly RolloutView[] }): JSX.Element {
  return (
    <div class="table-frame">
      <table class="table cards">
        <caption class="visually-hidden">Rollouts, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Revision</th>
            <th scope="col">Status</th>
            <th scope="col">From</th>
            <th scope="col">Strategy</th>
            <th scope="col">Nodes</th>
            <th scope="col">Began</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {rollouts.map((rollout) => (
            <tr key={rollout.revision}>
              <th scope="row">
                <Link to={`/rollouts/${rollout.revision}`}>{rollout.revision}</Link>
              </th>
              <td class="cell-status">
                <RolloutBadge status={rollout.status} undone={wasUndone(rollout)} />
              </td>
              <td data-label="From">{rollout.from === 0 ? 'nothing' : rollout.from}</td>
              <td data-label="Strategy">{strategyWords(rollout)}</td>
              <td data-label="Nodes">{progressWords(rollout)}</td>
              <td data-label="Began">
                <Time at={rollout.startedAt} />
              </td>
              <td data-label="Took">
                {rollout.endedAt === null ? '–' : duration(rollout.endedAt - rollout.startedAt)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
