import type { KeyHolder } from './ring.js';

/** Tells whether what counts for the gossip's keys has changed with a node: most of what a node reports doesn't. */
export class HolderChanges {
  /** What counted of each node when it changed last, by name. */
  readonly #last = new Map<string, string>();

  /** Whether it has since the last call for that node; `holder` undefined: it is no more. The first call for a node says that it has. */
  isNew(name: string, holder: KeyHolder | undefined): boolean {
    if (holder === undefined) return this.#last.delete(name);
    const { presence, enrolledAt, keys } = holder;
    const state = `${presence} ${enrolledAt} ${keys?.primary} ${keys?.held.join()}`;
    if (this.#last.get(name) === state) return false;
    this.#last.set(name, state);
    return true;
  }
}
