import type { OperationInput, RolloutView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { possibleActions, type RolloutAction } from '../lib/rollout-words.js';
import { applyEvent, cluster } from '../state/cluster.js';
import { AbortRollout } from './abort-rollout.js';

type Asked = 'pause' | 'resume' | 'promote' | 'retry' | 'abort';

const words: Readonly<Record<RolloutAction, { readonly word: string; readonly busy: string }>> = {
  promote: { word: 'Promote', busy: 'Promoting …' },
  resume: { word: 'Resume', busy: 'Resuming …' },
  retry: { word: 'Retry', busy: 'Retrying …' },
  pause: { word: 'Pause', busy: 'Pausing …' },
  abort: { word: 'Abort …', busy: 'Aborting …' },
  undo: { word: 'Undo what it changed …', busy: 'Undoing …' },
  keep: { word: 'Stop undoing …', busy: 'Stopping …' },
};

/** Asked of the controller at once; the others are asked of the operator first. */
const direct: ReadonlySet<RolloutAction> = new Set(['promote', 'resume', 'retry', 'pause']);

/** What is asked of a rollout: how far that is, and what was refused. */
export interface RolloutRequests {
  readonly busy: RolloutAction | undefined;
  readonly error: ApiError | undefined;
  /** What was refused was asked without a dialog, which would tell it itself. */
  readonly isOnPage: boolean;
  /** Resolves to true once the controller has done it. */
  readonly ask: (action: RolloutAction, keep?: boolean) => Promise<boolean>;
  /** Forgets what was refused. */
  readonly clear: () => void;
}

/** Asks things of a rollout, one after the other. */
export function useRolloutRequests(revision: number): RolloutRequests {
  const [busy, setBusy] = useState<RolloutAction>();
  const [error, setError] = useState<ApiError>();
  const [isOnPage, setIsOnPage] = useState(true);
  const ask = async (action: RolloutAction, keep = action === 'keep'): Promise<boolean> => {
    setBusy(action);
    setIsOnPage(direct.has(action));
    setError(undefined);
    try {
      const what: Asked = direct.has(action) ? (action as Asked) : 'abort';
      const input: OperationInput<'rollout.abort'> = keep ? { revision, keep } : { revision };
      const rollout = await call(`rollout.${what}`, input);
      cluster.update((state) => applyEvent(state, { type: 'rollout', rollout }));
      return true;
    } catch (thrown) {
      setError(ApiError.from(thrown));
      return false;
    } finally {
      setBusy(undefined);
    }
  };
  return { busy, error, isOnPage, ask, clear: () => setError(undefined) };
}

interface RolloutActionsProps {
  readonly rollout: RolloutView;
  readonly isNewest: boolean;
  readonly requests: RolloutRequests;
}

/** What an operator can ask of the rollout now. */
export function RolloutActions({ rollout, isNewest, requests }: RolloutActionsProps): JSX.Element {
  const [asking, setAsking] = useState<RolloutAction>();
  const { busy, ask } = requests;
  const possible = possibleActions(rollout, isNewest);
  return (
    <>
      {possible.map((action, index) => (
        <button
          key={action}
          type="button"
          class={`button ${direct.has(action) ? (index === 0 && action !== 'pause' ? 'primary' : '') : 'danger'}`}
          disabled={busy !== undefined}
          onClick={() => {
            requests.clear();
            if (direct.has(action)) void ask(action);
            else setAsking(action);
          }}
        >
          {busy === action ? words[action].busy : words[action].word}
        </button>
      ))}
      {asking !== undefined && (
        <AbortRollout
          rollout={rollout}
          action={asking}
          requests={requests}
          onClose={() => {
            requests.clear();
            setAsking(undefined);
          }}
        />
      )}
    </>
  );
}
