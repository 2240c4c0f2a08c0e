import type { RolloutView } from '@shoal/common';
import { strategyWords } from '@shoal/common/words';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { call } from '../api/operations.js';
import { wasUndone } from '../lib/rollout-words.js';
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
import { type Column, Table } from '../ui/table.js';
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
      {rollouts.length > 0 && (
        <Table
          caption="Rollouts, newest first"
          columns={columns}
          rows={rollouts}
          rowKey={({ revision }) => revision}
        />
      )}
    </Page>
  );
}

const columns: readonly Column<RolloutView>[] = [
  {
    heading: 'Revision',
    kind: 'name',
    cell: ({ revision }) => <Link to={`/rollouts/${revision}`}>{revision}</Link>,
  },
  {
    heading: 'Status',
    kind: 'status',
    cell: (rollout) => <RolloutBadge status={rollout.status} undone={wasUndone(rollout)} />,
  },
  { heading: 'From', cell: ({ from }) => (from === 0 ? 'nothing' : from) },
  { heading: 'Strategy', cell: ({ strategy, batches }) => strategyWords(strategy, batches) },
  { heading: 'Nodes', cell: progressWords },
  { heading: 'Began', cell: ({ startedAt }) => <Time at={startedAt} /> },
  {
    heading: 'Took',
    cell: ({ startedAt, endedAt }) => (endedAt === null ? '–' : duration(endedAt - startedAt)),
  },
];
