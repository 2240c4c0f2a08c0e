import type { RolloutView, StepEventView } from '@shoal/common';
import { strategyWords } from '@shoal/common/words';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { call } from '../api/operations.js';
import { wasUndone } from '../lib/rollout-words.js';
import { useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { cluster } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { useStore } from '../state/store.js';
import { Link } from '../ui/link.js';
import { Message } from '../ui/message.js';
import { ErrorNotice, Notice } from '../ui/notice.js';
import { Loading, Page } from '../ui/page.js';
import { RolloutActions, useRolloutRequests } from '../ui/rollout-actions.js';
import { RolloutNodes } from '../ui/rollout-nodes.js';
import { ProgressBar, progressWords } from '../ui/rollout-progress.js';
import { RolloutBadge } from '../ui/status.js';
import { mergeSteps } from '../ui/steps.js';
import { Time } from '../ui/text.js';

/** One rollout, live: what it waits for, its batches and nodes, the failing step with the command's own words; operators steer it. */
export function RolloutPage({ user, params }: PageProps): JSX.Element {
  const revision = Number(params['revision']);
  const live = useStore(cluster, (state) => state.rollouts.get(revision));
  const connected = useStore(cluster, (state) => state.connection.kind === 'live');
  const newest = useStore(cluster, (state) => state.newest?.number);
  const requests = useRolloutRequests(revision);
  // Read again with the first live word (a rollout may begin after its page is open) and after a lost connection.
  const { data, error } = useQuery(
    (signal) => call('rollout.get', { revision }, signal),
    [revision, connected, live === undefined],
  );
  const rollout = live ?? data;
  const events = useRolloutEvents(rollout, data?.events);
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
          {title} <RolloutBadge status={rollout.status} undone={wasUndone(rollout)} />
        </>
      }
      actions={
        <>
          {may(user.role, 'operator') && (
            <RolloutActions
              rollout={rollout}
              isNewest={newest === undefined || newest <= revision}
              requests={requests}
            />
          )}
          <Link to={`/revisions/${revision}`} class="button">
            What it changes
          </Link>
        </>
      }
    >
      {requests.error !== undefined && requests.isOnPage && <ErrorNotice error={requests.error} />}
      <Progress rollout={rollout} />
      <Standing rollout={rollout} mayApply={may(user.role, 'operator')} />
      <RolloutNodes rollout={rollout} events={events} />
    </Page>
  );
}

/** The steps of the rollout; of nodes that go back also those of the revision that they go back to. */
function useRolloutEvents(
  rollout: RolloutView | undefined,
  listed: readonly StepEventView[] | undefined,
): readonly StepEventView[] {
  const live = useStore(cluster, (state) => state.steps);
  return useMemo(() => {
    if (rollout === undefined) return [];
    const { revision, startedAt, nodes } = rollout;
    const back = new Map(nodes.map((node) => [node.node, node.previous]));
    const isOurs = (event: StepEventView) =>
      event.revision === revision || (event.at >= startedAt && event.revision === back.get(event.node));
    return mergeSteps(listed ?? [], live.filter(isOurs));
  }, [rollout, listed, live]);
}

function Progress({ rollout }: { rollout: RolloutView }): JSX.Element {
  const { from, startedAt, endedAt, promoteAt, deadlineAt } = rollout;
  return (
    <div class="about">
      <ProgressBar rollout={rollout} />
      <p>
        <span role="status">{progressWords(rollout)}</span>{' '}
        <span class="muted">
          – {strategyWords(rollout.strategy, rollout.batches)}, from{' '}
          {from === 0 ? 'nothing' : <Link to={`/revisions/${from}`}>revision {from}</Link>}, began{' '}
          <Time at={startedAt} />
          {endedAt !== null && (
            <>
              , ended <Time at={endedAt} />
            </>
          )}
          {promoteAt !== null && (
            <>
              , goes on by itself <Time at={promoteAt} />
            </>
          )}
          {deadlineAt !== null && (
            <>
              , fails if it isn’t through <Time at={deadlineAt} />
            </>
          )}
        </span>
      </p>
    </div>
  );
}

const titles = {
  paused: ['warn', 'Nothing new begins until it is resumed.'],
  'awaiting-promotion': ['warn', 'The canary runs it. Promote it if it does well.'],
  undoing: ['busy', 'What it changed goes back.'],
  failed: ['bad', 'The rollout failed.'],
  aborted: ['warn', 'The rollout was aborted.'],
} as const;

/** What happens and what it waits for, in words. */
function Standing({ rollout, mayApply }: { rollout: RolloutView; mayApply: boolean }): JSX.Element | null {
  const { status, message, revision } = rollout;
  if (status === 'running' || status === 'succeeded' || status === 'superseded') {
    return message === '' ? null : (
      <p class="lead" role="status">
        <Message text={message} />
      </p>
    );
  }
  const [tone, title] = titles[status];
  return (
    <div role="status">
      <Notice tone={tone} title={title}>
        <p>
          <Message text={message} />
        </p>
        {status === 'failed' && mayApply && (
          <p>
            Or correct the spec and <Link to={`/apply?from=${revision}`}>apply it again</Link>.
          </p>
        )}
      </Notice>
    </div>
  );
}
