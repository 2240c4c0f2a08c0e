/** Keeps the greatest `limit` of what it is given: a binary heap with the least of them on top. */
export class Newest<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  readonly #heap: T[] = [];

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  get full(): boolean {
    return this.#heap.length >= this.#limit;
  }

  /** The least that is kept. */
  get least(): T | undefined {
    return this.#heap[0];
  }

  add(item: T): void {
    const heap = this.#heap;
    if (!this.full) {
      heap.push(item);
      this.#rise(heap.length - 1);
      return;
    }
    const least = heap[0];
    if (least === undefined || this.#compare(item, least) <= 0) return;
    heap[0] = item;
    this.#sink();
  }

  /** What is kept, least first. */
  sorted(): T[] {
    return [...this.#heap].sort(this.#compare);
  }

  #less(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    return left !== undefined && right !== undefined && this.#compare(left, right) < 0;
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#less(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const least = [left, left + 1].reduce((best, child) => (this.#less(child, best) ? child : best), index);
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }
}
