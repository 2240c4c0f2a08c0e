import type { MemberChange } from '../../core/index.js';

/** What an observer last told about a subject, as a number. `untold`: nothing yet, or it has forgotten. */
export const Belief = { untold: 0, alive: 1, suspect: 2, dead: 3, left: 4 } as const;

const AFTER: Readonly<Record<MemberChange, number>> = {
  join: Belief.alive,
  update: Belief.alive,
  alive: Belief.alive,
  suspect: Belief.suspect,
  fail: Belief.dead,
  leave: Belief.left,
  forget: Belief.untold,
};

/** What all observers last told about one subject, by the observer's id. */
interface Column {
  belief: Uint8Array;
  incarnation: Uint32Array;
  /** Virtual seconds of the last change between active and gone. */
  since: Float32Array;
}

/** What one observer last told about one subject. */
export interface Told {
  belief: number;
  incarnation: number;
  /** When it last became active or gone, virtual ms (to within a second at the end of a long run). */
  since: number;
}

const NOTHING: Told = { belief: Belief.untold, incarnation: 0, since: 0 };

const isGone = (belief: number): boolean => belief === Belief.dead || belief === Belief.left;

/**
 * What the nodes of a world have told about each other. A subject of which only joins were heard takes no memory, so
 * ten thousand nodes that know each other cost nothing until something happens to them.
 */
export class Beliefs {
  readonly #columns: (Column | undefined)[] = [];
  #observers = 64;

  get(observer: number, subject: number): Told {
    const column = this.#columns[subject];
    if (!column) return NOTHING;
    return {
      belief: column.belief[observer] ?? 0,
      incarnation: column.incarnation[observer] ?? 0,
      since: (column.since[observer] ?? 0) * 1000,
    };
  }

  /** Writes down what an observer tells now. */
  set(observer: number, subject: number, change: MemberChange, incarnation: number, now: number): void {
    if (change === 'join' && !this.#columns[subject]) return;
    const column = this.#column(observer, subject);
    const belief = AFTER[change];
    if (isGone(belief) !== isGone(column.belief[observer] ?? 0)) column.since[observer] = now / 1000;
    column.belief[observer] = belief;
    column.incarnation[observer] = belief === Belief.untold ? 0 : incarnation;
  }

  /** The observer starts afresh and knows nothing any more. */
  reset(observer: number): void {
    for (const column of this.#columns) {
      if (!column) continue;
      column.belief[observer] = Belief.untold;
      column.incarnation[observer] = 0;
    }
  }

  #column(observer: number, subject: number): Column {
    while (observer >= this.#observers) this.#observers *= 2;
    const before = this.#columns[subject];
    if (before && before.belief.length > observer) return before;
    const column: Column = {
      belief: new Uint8Array(this.#observers),
      incarnation: new Uint32Array(this.#observers),
      since: new Float32Array(this.#observers),
    };
    if (before) {
      column.belief.set(before.belief);
      column.incarnation.set(before.incarnation);
      column.since.set(before.since);
    }
    this.#columns[subject] = column;
    return column;
  }
}
