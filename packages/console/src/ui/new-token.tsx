import type { TokenView } from '@shoal/common';
import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { call } from '../api/operations.js';
import { CopyButton } from './copy-button.js';
import { Dialog } from './dialog.js';
import { Field } from './field.js';
import { AgentSnippet, agentYaml } from './join-help.js';
import { ErrorNotice } from './notice.js';
import { Scrollable } from './scrollable.js';
import { Time } from './text.js';

type Created = TokenView & { readonly token: string };

/** Asks for life and uses of a new token, then shows it: once. */
export function NewToken({ onClose }: { onClose: () => void }): JSX.Element {
  const [created, setCreated] = useState<Created>();
  return (
    <Dialog title={created === undefined ? 'Create a join token' : 'The new join token'} onClose={onClose}>
      {created === undefined ? (
        <TokenForm onClose={onClose} onCreated={setCreated} />
      ) : (
        <ShownOnce token={created} onClose={onClose} />
      )}
    </Dialog>
  );
}

const lives = [
  ['15m', '15 minutes'],
  ['1h', '1 hour'],
  ['24h', '1 day'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const;

function TokenForm({
  onClose,
  onCreated,
}: {
  onClose: () => void;
  onCreated: (token: Created) => void;
}): JSX.Element {
  const id = useId();
  const [ttl, setTtl] = useState('1h');
  const [uses, setUses] = useState('1');
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      onCreated(await call('token.create', { ttl, uses: Number(uses) }));
    } catch (thrown) {
      setError(ApiError.from(thrown));
      setBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="field">
        <label for={id}>Good for</label>
        <select id={id} value={ttl} onChange={(event) => setTtl(event.currentTarget.value)}>
          {lives.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </div>
      <Field
        label="Nodes that may join with it"
        type="number"
        min={1}
        max={1000}
        required
        value={uses}
        onInput={setUses}
      />
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose} disabled={busy}>
          Cancel
        </button>
        <button type="submit" class="button primary" disabled={busy}>
          Create
        </button>
      </div>
    </form>
  );
}

function ShownOnce({ token, onClose }: { token: Created; onClose: () => void }): JSX.Element {
  return (
    <>
      <p>
        <strong>It is shown only now.</strong> Good for{' '}
        {token.uses === 1 ? 'one node' : `${token.uses} nodes`}, ends <Time at={token.expiresAt} />.
      </p>
      <Scrollable class="snippet wrap" label="Join token">
        {token.token}
      </Scrollable>
      <CopyButton text={token.token} label="Copy token" />
      <p>
        Put these lines into <code>/etc/shoal/agent.yaml</code> on the host, with an address at which the host
        reaches the controller, then start the agent:
      </p>
      <AgentSnippet token={token.token} />
      <CopyButton text={agentYaml(token.token)} label="Copy lines" />
      <div class="dialog-actions">
        <button type="button" class="button primary" onClick={onClose}>
          Done
        </button>
      </div>
    </>
  );
}
