import { createStore, type Store } from './store.js';

export type Theme = 'light' | 'dark';

/** Also read by public/theme.js. */
const key = 'shoal.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');

function shown(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

/** The theme in force: the chosen one, else the system's. */
export const theme: Store<Theme> = createStore(shown());

system.addEventListener('change', () => theme.set(shown()));

/** Chooses the other theme. A choice that equals the system's is forgotten, so that the system is followed again. */
export function toggleTheme(): void {
  const next: Theme = shown() === 'dark' ? 'light' : 'dark';
  const followsSystem = (next === 'dark') === system.matches;
  if (followsSystem) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  try {
    if (followsSystem) localStorage.removeItem(key);
    else localStorage.setItem(key, next);
  } catch {
    // No storage: the choice holds for this page only.
  }
  theme.set(next);
}
