import type { RevisionView } from '@shoal/common';
import type { JSX } from 'preact';
import { call } from '../api/operations.js';
import { useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { useStore } from '../state/store.js';
import { Link } from '../ui/link.js';
import { ErrorNotice } from '../ui/notice.js';
import { Loading, Page } from '../ui/page.js';
import { RevisionBadge } from '../ui/status.js';
import { type Column, Table } from '../ui/table.js';
import { Hash, Time } from '../ui/text.js';

const shown = 200;

/** Every revision, newest first. */
export function RevisionsPage({ user }: PageProps): JSX.Element {
  const changes = useStore(cluster, (state) => state.revisionEvents);
  const { data, error } = useQuery((signal) => call('revision.list', { limit: shown }, signal), [changes]);
  const mayApply = may(user.role, 'operator');
  return (
    <Page
      title="Revisions"
      {...(mayApply
        ? {
            actions: (
              <Link to="/apply" class="button primary">
                Apply a change
              </Link>
            ),
          }
        : {})}
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {data === undefined && error === undefined && <Loading what="the revisions" />}
      {data !== undefined && data.revisions.length === 0 && (
        <p class="empty">
          No revision yet. The first one is made by <Link to="/apply">applying a spec</Link> here, or by{' '}
          <code>shoal apply cluster.yaml</code>.
        </p>
      )}
      {data !== undefined && data.revisions.length > 0 && (
        <Table
          caption="Revisions of the spec, newest first"
          columns={columns}
          rows={data.revisions}
          rowKey={({ number }) => number}
        />
      )}
    </Page>
  );
}

const columns: readonly Column<RevisionView>[] = [
  {
    heading: 'Revision',
    kind: 'name',
    cell: ({ number }) => <Link to={`/revisions/${number}`}>{number}</Link>,
  },
  { heading: 'Status', kind: 'status', cell: ({ status }) => <RevisionBadge status={status} /> },
  { heading: 'Author', cell: ({ author }) => author },
  {
    heading: 'Reason',
    class: 'cell-reason',
    cell: ({ reason }) => (reason === '' ? <span class="muted">none given</span> : reason),
  },
  { heading: 'Made', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { heading: 'Spec', cell: ({ specHash }) => <Hash hash={specHash} /> },
];
