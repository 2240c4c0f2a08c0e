/** One sample: values by metric. */
export interface Sample {
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

/**
 * The newest samples of one node, by columns: a sample takes eight bytes a metric instead of an object. Samples that come out of order of
 * time are kept in the order of their coming.
 */
export class StatRing {
  readonly #capacity: number;
  readonly #times: Float64Array;
  readonly #columns = new Map<string, Float64Array>();
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#times = new Float64Array(capacity);
  }

  /** True once older samples have been dropped. */
  get overflowed(): boolean {
    return this.#count > this.#capacity;
  }

  add({ at, values }: Sample): void {
    const slot = this.#count % this.#capacity;
    this.#count += 1;
    this.#times[slot] = at;
    for (const column of this.#columns.values()) column[slot] = Number.NaN;
    for (const [metric, value] of Object.entries(values)) {
      let column = this.#columns.get(metric);
      if (column === undefined) {
        column = new Float64Array(this.#capacity).fill(Number.NaN);
        this.#columns.set(metric, column);
      }
      column[slot] = value;
    }
  }

  /** Time of the earliest sample; Infinity when there is none. */
  get earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < Math.min(this.#count, this.#capacity); slot += 1) {
      earliest = Math.min(earliest, this.#times[slot] ?? earliest);
    }
    return earliest;
  }

  /** Calls `take` for every value of the wanted metrics (undefined: all), oldest sample first. */
  each(
    metrics: ReadonlySet<string> | undefined,
    take: (metric: string, at: number, value: number) => void,
  ): void {
    const held = Math.min(this.#count, this.#capacity);
    for (const [metric, column] of this.#columns) {
      if (metrics !== undefined && !metrics.has(metric)) continue;
      for (let index = this.#count - held; index < this.#count; index += 1) {
        const slot = index % this.#capacity;
        const value = column[slot] ?? Number.NaN;
        if (!Number.isNaN(value)) take(metric, this.#times[slot] ?? 0, value);
      }
    }
  }
}
