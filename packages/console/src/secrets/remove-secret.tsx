import type { SecretView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { RemovalDialog } from '../ui/removal-dialog.js';

interface RemoveSecretProps {
  readonly secret: SecretView;
  readonly onClose: (removed?: boolean) => void;
}

/** Asks before a secret is removed with all its values. */
export function RemoveSecret({ secret, onClose }: RemoveSecretProps): JSX.Element {
  const [force, setForce] = useState(false);
  const asking = useAsking();
  const { name, usedBy, revisions } = secret;
  // A service that runs on no node yet may use it all the same: then the controller says so.
  const isUsed = usedBy.length > 0 || asking.error?.code === 'failed_precondition';
  const remove = () =>
    asking.run(async () => {
      await call('secret.remove', { name, ...(force ? { force } : {}) });
      onClose(true);
    });
  return (
    <RemovalDialog
      title={`Remove the secret ${name}?`}
      asking={asking}
      disabled={isUsed && !force}
      remove={remove}
      onClose={() => onClose()}
    >
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
    </RemovalDialog>
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
