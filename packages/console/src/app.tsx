import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { FirstRunPage } from './pages/first-run-page.js';
import { LoginPage } from './pages/login-page.js';
import { Shell } from './shell.js';
import { location } from './state/router.js';
import { refreshSession, session } from './state/session.js';
import { useStore } from './state/store.js';
import { ErrorNotice } from './ui/notice.js';

/** The console: first-run page, login, or the shell around a page, as the session has it. */
export function App(): JSX.Element {
  const state = useStore(session);
  const { path } = useStore(location);
  useEffect(() => {
    void refreshSession();
  }, []);
  if (path === '/first-run') return <FirstRunPage />;
  if (state.kind === 'reading') return <div class="gate" />;
  if (state.kind === 'failed') {
    return (
      <main class="gate">
        <h1 class="visually-hidden">Shoal</h1>
        <ErrorNotice error={state.error}>
          <button type="button" class="button" onClick={() => void refreshSession()}>
            Try again
          </button>
        </ErrorNotice>
      </main>
    );
  }
  const { user, firstRun } = state.session;
  if (user === null) return <LoginPage firstRun={firstRun} />;
  return <Shell user={user} />;
}
