import type { RolloutStrategy } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { readNewestRevision } from '../state/cluster.js';
import { navigate } from '../state/router.js';
import { Dialog } from './dialog.js';
import { DrainedNodes } from './drained-nodes.js';
import { ErrorNotice } from './notice.js';
import { ReasonField } from './reason-field.js';
import { RevisionDifference } from './revision-difference.js';
import { StrategyField } from './strategy-field.js';

interface RestoreRevisionProps {
  readonly revision: number;
  /** The newest one: what is changed. */
  readonly newest: number;
  readonly onClose: () => void;
}

/** Shows what going back to a revision changes, asks why, commits it and goes on to its rollout. */
export function RestoreRevision({ revision, newest, onClose }: RestoreRevisionProps): JSX.Element {
  // What is shown is what is restored: a revision that somebody commits meanwhile is a conflict.
  const [basedOn] = useState(newest);
  const [reason, setReason] = useState('');
  const [strategy, setStrategy] = useState<RolloutStrategy>();
  const [unchanged, setUnchanged] = useState(false);
  const { busy, error, run } = useAsking();
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      try {
        const input = {
          revision,
          basedOn,
          ...(reason === '' ? {} : { reason }),
          ...(strategy === undefined ? {} : { strategy }),
        };
        const result = await call('spec.restore', input);
        if (!result.changed) return setUnchanged(true);
        navigate(`/rollouts/${result.revision}`);
      } catch (thrown) {
        if (ApiError.from(thrown).code === 'conflict') readNewestRevision().catch(() => undefined);
        throw thrown;
      }
    });
  };
  return (
    <Dialog title={`Restore revision ${revision}?`} onClose={onClose} closable={!busy}>
      <form class="form" onSubmit={submit}>
        <p>
          Its spec is committed as a new revision, with the blueprints and secrets’ values that it had, and
          rolled out. This changes against revision {basedOn}:
        </p>
        <RevisionDifference from={basedOn} to={revision} />
        <DrainedNodes />
        {error !== undefined && <ErrorNotice error={error} />}
        {unchanged && <p role="status">The cluster runs exactly this already; nothing was committed.</p>}
        <StrategyField value={strategy} onChange={setStrategy} own={`As revision ${revision} says`} />
        <ReasonField value={reason} onInput={setReason} />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose} disabled={busy}>
            Back
          </button>
          <button type="submit" class="button primary" disabled={busy}>
            {busy ? 'Restoring …' : 'Restore'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
