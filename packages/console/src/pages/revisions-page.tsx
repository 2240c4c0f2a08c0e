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
      {data !== undefined && data.revisions.length > 0 && <Table revisions={data.revisions} />}
    </Page>
  );
}

function Table({ revisions }: { revisions: readonly RevisionView[] }): JSX.Element {
  return (
    <div class="table-frame">
      <table class="table cards">
        <caption class="visually-hidden">Revisions of the spec, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Revision</th>
            <th scope="col">Status</th>
            <th scope="col">Author</th>
            <th scope="col">Reason</th>
            <th scope="col">Made</th>
            <th scope="col">Spec</th>
          </tr>
        </thead>
        <tbody>
          {revisions.map((revision) => (
            <tr key={revision.number}>
              <th scope="row">
                <Link to={`/revisions/${revision.number}`}>{revision.number}</Link>
              </th>
              <td class="cell-status">
                <RevisionBadge status={revision.status} />
              </td>
              <td data-label="Author">{revision.author}</td>
              <td data-label="Reason" class="cell-reason">
                {revision.reason === '' ? <span class="muted">none given</span> : revision.reason}
              </td>
              <td data-label="Made">
                <Time at={revision.createdAt} />
              </td>
              <td data-label="Spec">
                <Hash hash={revision.specHash} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
