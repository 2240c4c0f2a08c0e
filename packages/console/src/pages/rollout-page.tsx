import type { RolloutView } from '@shoal/common';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { useStore } from '../state/store.js';
import { Link } from '../ui/link.js';
import { ErrorNotice, Notice } from '../ui/notice.js';
import { Loading, Page } from '../ui/page.js';
import { ProgressBar, progressWords, RolloutNodes } from '../ui/rollout-progress.js';
import { RolloutBadge } from '../ui/status.js';
import { mergeSteps } from '../ui/steps.js';
import { Time } from '../ui/text.js';

/** One rollout, live: each node's state, the failing step with the command's own words, the steps as they report. */
export function RolloutPage({ params }: PageProps): JSX.Element {
  const revision = Number(params['revision']);
  const live = useStore(cluster, (state) => state.rollouts.get(revision));
  const connected = useStore(cluster, (state) => state.connection.kind === 'live');
  const steps = useStore(cluster, (state) => state.steps);
  // Read again with the first live word (a rollout may begin after its page is open) and after a lost connection.
  const { data, error } = useQuery(
    (signal) => call('rollout.get', { revision }, signal),
    [revision, connected, live === undefined],
  );
  const events = useMemo(
    () =>
      mergeSteps(
        data?.events ?? [],
        steps.filter((event) => event.revision === revision),
      ),
    [data, steps, revision],
  );
  const rollout = live ?? data;
  const title = `Rollout of revision ${params['revision']}`;
  if (rollout === undefined) {
    return (
      <Page title={title}>
        {error === undefined ? <Loading what="the rollout" /> : <ErrorNotice error={error} />}
      </Page>
    );
  }
  return (
    <Page
      title={title}
      heading={
        <>
          {title} <RolloutBadge status={rollout.status} />
        </>
      }
      actions={
        <Link to={`/revisions/${revision}`} class="button">
          What it changes
        </Link>
      }
    >
      <Progress rollout={rollout} />
      {rollout.status === 'failed' && <StayedOn rollout={rollout} />}
      <RolloutNodes rollout={rollout} events={events} />
    </Page>
  );
}

function Progress({ rollout }: { rollout: RolloutView }): JSX.Element {
  return (
    <div class="about">
      <ProgressBar rollout={rollout} />
      <p>
        <span role="status">{progressWords(rollout)}</span>{' '}
        <span class="muted">
          – from{' '}
          {rollout.from === 0 ? (
            'nothing'
          ) : (
            <Link to={`/revisions/${rollout.from}`}>revision {rollout.from}</Link>
          )}
          , began <Time at={rollout.startedAt} />
          {rollout.endedAt !== null && (
            <>
              , ended <Time at={rollout.endedAt} />
            </>
          )}
        </span>
      </p>
    </div>
  );
}

function StayedOn({ rollout }: { rollout: RolloutView }): JSX.Element {
  const untouched = rollout.nodes.filter((node) => node.status === 'untouched').length;
  return (
    <Notice tone="bad" title="The rollout stopped at the first failure.">
      <p>
        {rollout.from === 0
          ? 'The failed node was put back'
          : `The failed node stays on revision ${rollout.from}`}
        {untouched > 0 && `; ${untouched === 1 ? '1 node was' : `${untouched} nodes were`} not touched`}.
        Correct the spec and <Link to={`/apply?from=${rollout.revision}`}>apply it again</Link>.
      </p>
    </Notice>
  );
}
