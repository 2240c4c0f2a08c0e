import { createStore, type Store } from './store.js';

/** The spec that is being edited; kept while other pages are looked at, gone with the window. */
export interface Draft {
  /** Revision that the edit began with; 0: none. */
  readonly base: number;
  /** The base's text, to tell whether anything was edited. */
  readonly original: string;
  readonly text: string;
}

export const draft: Store<Draft | undefined> = createStore<Draft | undefined>(undefined);

export function isEdited(value: Draft | undefined): boolean {
  return value !== undefined && value.text !== value.original;
}

window.addEventListener('beforeunload', (event) => {
  if (isEdited(draft.get())) event.preventDefault();
});
