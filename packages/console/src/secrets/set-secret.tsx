import type { SecretView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { useAsking } from '../lib/use-asking.js';
import { Dialog } from '../ui/dialog.js';
import { Field } from '../ui/field.js';
import { ErrorNotice } from '../ui/notice.js';
import { SecretValue } from './secret-value.js';

interface SetSecretProps {
  /** The secret that gets a new value; undefined: a new one. */
  readonly secret: SecretView | undefined;
  readonly onClose: (set?: SecretView) => void;
}

/** Asks for a secret's value, and for its name when it is new. The value is forgotten with the dialog. */
export function SetSecret({ secret, onClose }: SetSecretProps): JSX.Element {
  const [name, setName] = useState(secret?.name ?? '');
  const [value, setValue] = useState('');
  const { busy, error, run } = useAsking();
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => onClose(await call('secret.set', { name, value })));
  };
  const isUsed = secret !== undefined && secret.usedBy.length > 0;
  return (
    <Dialog
      title={secret === undefined ? 'Set a secret' : `Set a new value of ${secret.name}`}
      onClose={() => onClose()}
      closable={!busy}
    >
      <form class="form" autocomplete="off" onSubmit={submit}>
        {secret === undefined && (
          <Field
            label="Name"
            name="name"
            value={name}
            onInput={setName}
            autocomplete="off"
            required
            maxLength={63}
            hint={
              <>
                Specs refer to it by <code>{`{ secret: ${name || 'NAME'} }`}</code>
              </>
            }
          />
        )}
        <SecretValue value={value} onChange={setValue} />
        {isUsed && <p class="hint">Nodes go on with the value that they have until a spec is applied.</p>}
        {error !== undefined && <ErrorNotice error={error} />}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => onClose()} disabled={busy}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={busy || value === ''}>
            {busy ? 'Sealing …' : 'Set'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
