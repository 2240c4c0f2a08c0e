import type { RevisionDetail } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { useStore } from '../state/store.js';
import { CopyButton } from '../ui/copy-button.js';
import { Changes, Diff } from '../ui/diff.js';
import { Link } from '../ui/link.js';
import { ErrorNotice } from '../ui/notice.js';
import { Loading, Page, Section } from '../ui/page.js';
import { RestoreRevision } from '../ui/restore-revision.js';
import { Scrollable } from '../ui/scrollable.js';
import { RevisionBadge } from '../ui/status.js';
import { Hash, Time } from '../ui/text.js';

/** One revision: who, when, why, what changed against another one, and the spec itself. */
export function RevisionPage({ user, params }: PageProps): JSX.Element {
  const number = Number(params['number']);
  const changes = useStore(cluster, (state) => state.revisionEvents);
  const newest = useStore(cluster, (state) => state.newest?.number);
  const [restoring, setRestoring] = useState(false);
  const { data, error } = useQuery((signal) => call('revision.get', { number }, signal), [number, changes]);
  if (data === undefined) {
    return (
      <Page title={`Revision ${params['number']}`}>
        {error === undefined ? <Loading what="the revision" /> : <ErrorNotice error={error} />}
      </Page>
    );
  }
  const isOlder = newest !== undefined && newest > number;
  const actions = may(user.role, 'operator') && (
    <>
      {isOlder && (
        <button type="button" class="button primary" onClick={() => setRestoring(true)}>
          Restore …
        </button>
      )}
      <Link to={`/apply?from=${number}`} class="button">
        Edit as a new change
      </Link>
    </>
  );
  return (
    <Page
      title={`Revision ${number}`}
      heading={
        <>
          Revision {number} <RevisionBadge status={data.status} />
        </>
      }
      {...(actions === false ? {} : { actions })}
    >
      <About revision={data} />
      <Comparison revision={data} />
      <Section title="Spec" aside={<CopyButton text={data.spec} label="Copy" />}>
        <Scrollable class="snippet tall" label={`Spec of revision ${number}`}>
          {data.spec}
        </Scrollable>
      </Section>
      {restoring && newest !== undefined && (
        <RestoreRevision revision={number} newest={newest} onClose={() => setRestoring(false)} />
      )}
    </Page>
  );
}

function About({ revision }: { revision: RevisionDetail }): JSX.Element {
  return (
    <div class="about">
      <p>{revision.reason === '' ? <span class="muted">No reason was given.</span> : revision.reason}</p>
      <p class="muted">
        {revision.author}, <Time at={revision.createdAt} />; based on{' '}
        {revision.basedOn === 0 ? (
          'nothing'
        ) : (
          <Link to={`/revisions/${revision.basedOn}`}>revision {revision.basedOn}</Link>
        )}
        ; spec <Hash hash={revision.specHash} />; <Link to={`/rollouts/${revision.number}`}>its rollout</Link>
      </p>
    </div>
  );
}

/** What changed against the revision before, or against another that the reader picks. */
function Comparison({ revision }: { revision: RevisionDetail }): JSX.Element {
  const to = revision.number;
  const [from, setFrom] = useState(to - 1);
  const { data, error } = useQuery((signal) => call('revision.diff', { from, to }, signal), [from, to]);
  const others = Array.from({ length: to }, (_, index) => to - 1 - index).slice(0, 200);
  return (
    <Section
      title="What changed"
      aside={
        <label class="inline-label">
          against{' '}
          <select value={from} onChange={(event) => setFrom(Number(event.currentTarget.value))}>
            {others.map((other) => (
              <option key={other} value={other}>
                {other === 0 ? 'nothing' : `revision ${other}`}
              </option>
            ))}
          </select>
        </label>
      }
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {data === undefined && error === undefined && <Loading what="the difference" />}
      {data !== undefined && (
        <>
          <Changes changes={data.changes} />
          <Diff text={data.text} label={`Difference from revision ${from} to ${to}`} />
        </>
      )}
    </Section>
  );
}
