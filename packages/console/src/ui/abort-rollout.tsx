import type { RolloutView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../lib/format.js';
import type { RolloutAction } from '../lib/rollout-words.js';
import { Dialog } from './dialog.js';
import { ErrorNotice } from './notice.js';
import type { RolloutRequests } from './rollout-actions.js';

interface AbortRolloutProps {
  readonly rollout: RolloutView;
  readonly action: RolloutAction;
  readonly requests: RolloutRequests;
  readonly onClose: () => void;
}

/** Asks before a rollout is ended: whether what it changed goes back, or stays. */
export function AbortRollout({ rollout, action, requests, onClose }: AbortRolloutProps): JSX.Element {
  const [keep, setKeep] = useState(action === 'keep');
  const { busy, error, ask } = requests;
  const { revision } = rollout;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await ask(action, keep)) onClose();
  };
  return (
    <Dialog title={titles(revision)[action] ?? ''} onClose={onClose} closable={busy === undefined}>
      <form class="form" onSubmit={(event) => void submit(event)}>
        {action === 'abort' && (
          <fieldset class="choices">
            <legend class="visually-hidden">What becomes of the nodes</legend>
            <label>
              <input type="radio" name="keep" checked={!keep} onChange={() => setKeep(false)} />
              <span>
                <strong>Undo what it changed</strong>
                <span class="hint">{undoHint(rollout)}</span>
              </span>
            </label>
            <label>
              <input type="radio" name="keep" checked={keep} onChange={() => setKeep(true)} />
              <span>
                <strong>Leave the nodes as they are</strong>
                <span class="hint">
                  Nodes that run revision {revision} keep it, the others stay at what they run: the cluster is
                  mixed until a next change.
                </span>
              </span>
            </label>
          </fieldset>
        )}
        {action === 'undo' && <p>{undoHint(rollout)}</p>}
        {action === 'keep' && (
          <p>
            Nodes under way end what they do. Those that haven’t gone back yet keep revision {revision}: the
            cluster is mixed until a next change.
          </p>
        )}
        {error !== undefined && <ErrorNotice error={error} />}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose} disabled={busy !== undefined}>
            Back
          </button>
          <button type="submit" class="button danger" disabled={busy !== undefined}>
            {busy === undefined ? submitWord(action, keep) : 'Asking …'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const titles = (revision: number): Partial<Record<RolloutAction, string>> => ({
  abort: `Abort the rollout of revision ${revision}?`,
  undo: `Undo what revision ${revision} changed?`,
  keep: `Stop undoing revision ${revision}?`,
});

function submitWord(action: RolloutAction, keep: boolean): string {
  if (action === 'undo') return 'Undo';
  if (action === 'keep') return 'Stop and leave them';
  return keep ? 'Abort, leave them' : 'Abort and undo';
}

/** What undoing means for the nodes of this rollout. */
function undoHint({ nodes }: RolloutView): string {
  const changed = nodes.filter(({ startedAt }) => startedAt !== null);
  const fresh = changed.filter(({ previous }) => previous === 0).length;
  const back = changed.length - fresh;
  const words = [
    back > 0 ? `${count(back, 'node')} ${back === 1 ? 'goes' : 'go'} back to what ran there before.` : '',
    fresh > 0
      ? `${count(fresh, 'node')} ran nothing before and ${fresh === 1 ? 'stays' : 'stay'} as ${fresh === 1 ? 'it is' : 'they are'}.`
      : '',
  ].filter((text) => text !== '');
  return words.length === 0 ? 'No node was changed yet.' : words.join(' ');
}
