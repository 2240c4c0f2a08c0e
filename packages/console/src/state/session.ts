import { ApiError } from '../api/api-error.js';
import { setUnauthenticatedHandler } from '../api/http.js';
import { forgetOperations } from '../api/routes.js';
import { readSession, type Session } from '../api/session.js';
import { createStore, type Store } from './store.js';

export type SessionState =
  | { readonly kind: 'reading' }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'known'; readonly session: Session };

export const session: Store<SessionState> = createStore<SessionState>({ kind: 'reading' });

setUnauthenticatedHandler(() => {
  const state = session.get();
  if (state.kind === 'known' && state.session.user !== null) {
    session.set({ kind: 'known', session: { user: null, firstRun: false } });
  }
});

/** Asks the controller who is logged in. */
export async function refreshSession(): Promise<void> {
  forgetOperations();
  try {
    session.set({ kind: 'known', session: await readSession() });
  } catch (thrown) {
    session.set({ kind: 'failed', error: ApiError.from(thrown) });
  }
}
