import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { logIn } from '../api/session.js';
import { refreshSession } from '../state/session.js';
import { Field } from '../ui/field.js';
import { Mark } from '../ui/icon.js';
import { ErrorNotice, Notice } from '../ui/notice.js';

/** Asks who is there. The address stays, so that the page that was asked for appears afterwards. */
export function LoginPage({ firstRun }: { firstRun: boolean }): JSX.Element {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Log in · Shoal';
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await logIn(name, password);
      await refreshSession();
    } catch (thrown) {
      setError(ApiError.from(thrown));
      setPassword('');
      setBusy(false);
    }
  };
  return (
    <main class="gate">
      <h1>
        <Mark /> Log in to Shoal
      </h1>
      {firstRun && (
        <Notice tone="warn" title="No user exists yet">
          <p>
            The controller wrote a one-time link for the first administrator to its log when it started. Open
            that link; a restart of the controller makes a new one.
          </p>
        </Notice>
      )}
      {error !== undefined && <ErrorNotice error={error} />}
      <form class="form" onSubmit={(event) => void submit(event)}>
        <Field
          label="User name"
          name="username"
          autocomplete="username"
          required
          value={name}
          onInput={setName}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={setPassword}
        />
        <button type="submit" class="button primary wide" disabled={busy}>
          {busy ? 'Logging in …' : 'Log in'}
        </button>
      </form>
    </main>
  );
}
