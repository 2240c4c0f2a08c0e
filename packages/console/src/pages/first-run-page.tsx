import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { firstRun } from '../api/session.js';
import { passwordStrength, shortestPassword } from '../lib/password.js';
import { location, navigate } from '../state/router.js';
import { refreshSession } from '../state/session.js';
import { Field } from '../ui/field.js';
import { Mark } from '../ui/icon.js';
import { ErrorNotice, Notice } from '../ui/notice.js';

/** Taken from the address at once and the address cleaned, so that the token stays in no history. */
function takeToken(): string {
  const token = location.get().query.get('token') ?? '';
  if (token !== '') window.history.replaceState(null, '', '/first-run');
  return token;
}

/** Makes the first administrator, by the one-time link of the controller's log. */
export function FirstRunPage(): JSX.Element {
  const [token] = useState(takeToken);
  useEffect(() => {
    document.title = 'First run · Shoal';
  }, []);
  return (
    <main class="gate">
      <h1>
        <Mark /> Welcome to Shoal
      </h1>
      {token === '' ? (
        <Notice tone="warn" title="The link has no token">
          <p>
            Open the whole one-time link from the controller’s log: it ends with{' '}
            <code>/first-run?token=…</code>. A restart of the controller makes a new one, as long as no user
            exists.
          </p>
        </Notice>
      ) : (
        <AdminForm token={token} />
      )}
    </main>
  );
}

function AdminForm({ token }: { token: string }): JSX.Element {
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const strength = passwordStrength(password, name);
  const differs = again !== '' && again !== password;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (password.length < shortestPassword || again !== password) return;
    setBusy(true);
    setError(undefined);
    try {
      await firstRun(token, name, password);
      await refreshSession();
      navigate('/nodes', { replace: true });
    } catch (thrown) {
      setError(ApiError.from(thrown));
      setBusy(false);
    }
  };
  return (
    <>
      <p>This link works once. Choose the name and password of the first administrator.</p>
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
          autocomplete="new-password"
          minLength={shortestPassword}
          required
          value={password}
          onInput={setPassword}
          hint={
            password === '' ? (
              `At least ${shortestPassword} characters; a few words do well`
            ) : (
              <Meter strength={strength} left={shortestPassword - password.length} />
            )
          }
        />
        <Field
          label="Password again"
          name="password-again"
          type="password"
          autocomplete="new-password"
          required
          value={again}
          onInput={setAgain}
          error={differs ? 'The two passwords differ' : undefined}
        />
        <button
          type="submit"
          class="button primary wide"
          disabled={busy || strength === 'too short' || again !== password}
        >
          {busy ? 'Creating …' : 'Create administrator'}
        </button>
      </form>
    </>
  );
}

function Meter({
  strength,
  left,
}: {
  strength: ReturnType<typeof passwordStrength>;
  left: number;
}): JSX.Element {
  return (
    <span class={`meter meter-${strength.replace(' ', '-')}`}>
      <span class="meter-bar" aria-hidden="true" />
      {strength === 'too short' ? `${left} more character${left === 1 ? '' : 's'}` : `Strength: ${strength}`}
    </span>
  );
}
