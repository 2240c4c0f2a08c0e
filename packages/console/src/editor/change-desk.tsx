import type { Plan, RevisionView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { type ClusterState, cluster } from '../state/cluster.js';
import { type Draft, draft, isEdited } from '../state/draft.js';
import { useStore } from '../state/store.js';
import { ApplyDialog } from './apply-dialog.js';
import { Overtaken } from './overtaken.js';
import { PlanView } from './plan-view.js';
import { SpecEditor } from './spec-editor.js';
import { SpecProblems } from './spec-problems.js';

interface ChangeDeskProps {
  readonly value: Draft;
  readonly reload: () => void;
}

/** Editor, plan and the way to apply it. A plan is good for exactly the text that it was made of. */
export function ChangeDesk({ value, reload }: ChangeDeskProps): JSX.Element {
  const [onNodes, setOnNodes] = useState(false);
  const [applying, setApplying] = useState(false);
  const { plan, error, busy, ask, clear } = usePlan(value, onNodes);
  const newest = useStore(cluster, (state) => state.newest);
  const overtaken: RevisionView | undefined =
    newest !== null && newest.number > value.base ? newest : undefined;
  const fate = useStore(cluster, (state) => fateOf(value.base, state));
  return (
    <>
      {overtaken !== undefined && (
        <Overtaken value={value} newest={overtaken} reload={reload} onKeep={clear} />
      )}
      <p class="base muted">
        {value.base === 0 ? 'The first revision' : `Based on revision ${value.base}${fate}`}
        {isEdited(value) ? ', edited' : ''}
        {isEdited(value) && (
          <button type="button" class="button small quiet" onClick={reload}>
            Drop the edit
          </button>
        )}
      </p>
      <SpecEditor
        value={value.text}
        problems={error?.problems ?? noProblems}
        onChange={(text) => {
          draft.set({ ...value, text });
          clear();
        }}
        onPlan={() => void ask()}
      />
      <div class="desk-actions">
        <button type="button" class="button primary" disabled={busy} onClick={() => void ask()}>
          {busy ? 'Planning …' : 'Plan'}
        </button>
        <label class="check">
          <input
            type="checkbox"
            checked={onNodes}
            onChange={(event) => setOnNodes(event.currentTarget.checked)}
          />{' '}
          with a dry run on the nodes
        </label>
      </div>
      <div role="status" class="visually-hidden">
        {plan !== undefined && 'The plan is ready.'}
      </div>
      {error !== undefined && <SpecProblems error={error} />}
      {plan !== undefined && (
        <PlanView plan={plan} stale={overtaken !== undefined} onApply={() => setApplying(true)} />
      )}
      {applying && plan !== undefined && (
        <ApplyDialog value={value} plan={plan} onClose={() => setApplying(false)} />
      )}
    </>
  );
}

/** What became of the newest revision when its text isn't what runs. */
function fateOf(base: number, { newest, status }: ClusterState): string {
  if (newest === null || newest.number !== base) return '';
  if (newest.status !== 'failed' && newest.status !== 'aborted') return '';
  const running = status?.revision.running ?? 0;
  return ` (${newest.status}${running > 0 ? `; nodes run ${running}` : ''})`;
}

const noProblems = [] as const;

function usePlan(value: Draft, onNodes: boolean) {
  const [plan, setPlan] = useState<Plan>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const clear = () => {
    setPlan(undefined);
    setError(undefined);
  };
  const ask = async () => {
    clear();
    setBusy(true);
    try {
      const made = await call('spec.plan', { spec: value.text, file: 'cluster.yaml', onNodes });
      // Typing went on meanwhile: this plan is of another text.
      if (draft.get()?.text === value.text) setPlan(made);
    } catch (thrown) {
      setError(ApiError.from(thrown));
    } finally {
      setBusy(false);
    }
  };
  return { plan, error, busy, ask, clear };
}
