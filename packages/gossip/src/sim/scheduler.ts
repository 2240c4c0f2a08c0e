interface Entry {
  at: number;
  order: number;
  run: () => void;
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Virtual time: runs what is due in the order of time, and of scheduling where times are equal. A binary heap. */
export class Scheduler {
  readonly #heap: Entry[] = [];
  #now = 0;
  #order = 0;

  /** Virtual ms since the start. */
  get now(): number {
    return this.#now;
  }

  schedule(delayMs: number, run: () => void): void {
    const entry = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    let at = this.#heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent];
      if (!above || !before(entry, above)) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = entry;
  }

  /** Runs everything due within `ms`, and lets that much time pass. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#heap[0]; next && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }

  /** Removes the first entry: moves the last one down from the top to its place. */
  #pop(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const smaller = left && right && before(right, left) ? right : left;
      if (!smaller || !before(smaller, last)) break;
      this.#heap[at] = smaller;
      at = smaller === left ? 2 * at + 1 : 2 * at + 2;
    }
    this.#heap[at] = last;
  }
}
