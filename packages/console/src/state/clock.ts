import { createStore, type Store } from './store.js';

/** Now, in steps of five seconds: what relative times are counted from. */
export const clock: Store<number> = createStore(Date.now());

setInterval(() => clock.set(Date.now()), 5_000);
document.addEventListener('visibilitychange', () => clock.set(Date.now()));
