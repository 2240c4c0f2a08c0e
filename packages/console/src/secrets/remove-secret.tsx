import type { SecretView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { Dialog } from '../ui/dialog.js';
import { ErrorNotice } from '../ui/notice.js';

interface RemoveSecretProps {
  readonly secret: SecretView;
  readonly onClose: (removed?: boolean) => void;
}

/** Asks before a secret is removed with all its values. */
export function RemoveSecret({ secret, onClose }: RemoveSecretProps): JSX.Element {
  const [force, setForce] = useState(false);
  const { busy, error, run } = useAsking();
  const { name, usedBy, revisions } = secret;
  // A service that runs on no node yet may use it all the same: then the controller says so.
  const isUsed = usedBy.length > 0 || error?.code === 'failed_precondition';
  const remove = () =>
    run(async () => {
      await call('secret.remove', { name, ...(force ? { force } : {}) });
      onClose(true);
    });
  return (
    <Dialog title={`Remove the secret ${name}?`} onClose={() => onClose()} closable={!busy}>
      <p>All its values are forgotten. Nodes that hold it keep it until their configuration changes.</p>
      {revisions.length > 0 && (
        <p>
          {revisions.length === 1 ? 'Revision' : 'Revisions'} {listed(revisions)} can’t be restored any more.
        </p>
      )}
      {isUsed && (
        <label class="check">
          <input
            type="checkbox"
            checked={force}
            onChange={(event) => setForce(event.currentTarget.checked)}
          />
          <span>although {users(usedBy)} by the newest revision</span>
        </label>
      )}
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => onClose()} disabled={busy}>
          Keep it
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => void remove()}
          disabled={busy || (isUsed && !force)}
        >
          Remove
        </button>
      </div>
    </Dialog>
  );
}

function users(usedBy: SecretView['usedBy']): string {
  const names = usedBy.map(({ service }) => service);
  if (names.length === 0) return 'it is used';
  return `${names.join(', ')} ${names.length === 1 ? 'uses' : 'use'} it`;
}

function listed(revisions: readonly number[]): string {
  const last = revisions.slice(-8);
  const words = last.join(', ');
  return last.length < revisions.length ? `${words} and ${revisions.length - last.length} older ones` : words;
}
