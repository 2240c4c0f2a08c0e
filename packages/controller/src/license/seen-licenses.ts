import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';

/** Ids that are kept; the oldest are forgotten. */
const mostSeen = 500;

/** The ids of licenses that were installed or counted here once: none of them tells the time anew. */
export class SeenLicenses {
  #ids: readonly string[];

  private constructor(ids: readonly string[]) {
    this.#ids = ids;
  }

  static async open(store: Store): Promise<SeenLicenses> {
    return new SeenLicenses((await getJson<string[]>(store, keys.seenLicenses))?.value ?? []);
  }

  has(id: string): boolean {
    return this.#ids.includes(id);
  }

  /** With these too: what is to be written for that, nothing when they are known, and `apply`, to be called then. */
  with(ids: readonly string[]): { readonly writes: readonly Write[]; apply(): void } {
    const fresh = [...new Set(ids)].filter((id) => !this.has(id));
    if (fresh.length === 0) return { writes: [], apply: () => undefined };
    const all = [...this.#ids, ...fresh].slice(-mostSeen);
    return {
      writes: [putJson(keys.seenLicenses, all)],
      apply: () => {
        this.#ids = all;
      },
    };
  }
}
