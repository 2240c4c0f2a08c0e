import type { Plan, RolloutStrategy } from '@shoal/common';
import { strategyWords } from '@shoal/common/words';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { count } from '../lib/format.js';
import { readNewestRevision } from '../state/cluster.js';
import { type Draft, draft } from '../state/draft.js';
import { navigate } from '../state/router.js';
import { Dialog } from '../ui/dialog.js';
import { DrainedNodes } from '../ui/drained-nodes.js';
import { ErrorNotice } from '../ui/notice.js';
import { ReasonField } from '../ui/reason-field.js';
import { StrategyField } from '../ui/strategy-field.js';
import { NodeCheckPanel, problemsOf, useNodeCheck } from './node-check.js';
import { failureSentence } from './planned-rollout.js';

interface ApplyDialogProps {
  readonly value: Draft;
  readonly plan: Plan;
  readonly onClose: () => void;
}

/** Asks why, commits the revision, and goes on to its rollout. */
export function ApplyDialog({ value, plan, onClose }: ApplyDialogProps): JSX.Element {
  const [reason, setReason] = useState('');
  const [asked, setAsked] = useState<RolloutStrategy>();
  const [error, setError] = useState<ApiError>();
  const [unchanged, setUnchanged] = useState(false);
  const [busy, setBusy] = useState(false);
  const [isSure, setIsSure] = useState(false);
  const check = useNodeCheck(value.text, plan);
  const isRefused = problemsOf(check.nodes).length > 0;
  const { strategy, batches } = plan.rollout;
  const touched = plan.nodes.filter(({ action }) => action !== 'same').map(({ node }) => node);
  const own = strategyWords(strategy, batches.length);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const change = { spec: value.text, file: 'cluster.yaml', reason, basedOn: value.base };
      const input = asked === undefined ? change : { ...change, strategy: asked };
      const { revision, changed } = await call('spec.apply', input);
      if (!changed) return setUnchanged(true);
      draft.set(undefined);
      navigate(`/rollouts/${revision}`);
    } catch (thrown) {
      setError(ApiError.from(thrown));
      // After a conflict the page behind shows who committed what.
      if (ApiError.from(thrown).code === 'conflict') readNewestRevision().catch(() => undefined);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title="Apply this change?" onClose={onClose} closable={!busy}>
      <form class="form" onSubmit={(event) => void submit(event)}>
        <p>
          {count(plan.changes.length, 'value')} changed; {count(touched.length, 'node')} brought to it,{' '}
          {asked === undefined ? own : strategyWords(asked)}. {failureSentence(plan.rollout)}
        </p>
        <DrainedNodes among={touched} />
        <NodeCheckPanel check={check} disabled={busy} />
        {error !== undefined && <ErrorNotice error={error} />}
        {unchanged && <p role="status">The cluster runs exactly this already; nothing was committed.</p>}
        <StrategyField value={asked} onChange={setAsked} own={`As the spec says: ${own}`} />
        <ReasonField value={reason} onInput={setReason} />
        {isRefused && (
          <label class="check">
            <input
              type="checkbox"
              checked={isSure}
              onChange={(event) => setIsSure(event.currentTarget.checked)}
            />{' '}
            apply it although nodes would refuse it
          </label>
        )}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose} disabled={busy}>
            Back
          </button>
          <button type="submit" class="button primary" disabled={busy || (isRefused && !isSure)}>
            {busy ? 'Applying …' : 'Apply'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
