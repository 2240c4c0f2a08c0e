import { ShoalError, type StatSeries } from '@shoal/common';

/** Values that one answer holds at most. */
const mostPoints = 500_000;

interface Bucket {
  index: number;
  count: number;
  time: number;
  value: number;
}

/**
 * Averages samples into at most `points` a series, while they come: each bucket covers the same part of [since, until] and gives the
 * mean time and the mean value of its samples. A bucket of one sample is that sample.
 */
export class StatBuckets {
  readonly #since: number;
  readonly #until: number;
  readonly #points: number;
  readonly #series = new Map<string, { node: string; metric: string; buckets: Map<number, Bucket> }>();
  #size = 0;

  constructor(since: number, until: number, points: number) {
    this.#since = since;
    this.#until = until;
    this.#points = points;
  }

  add(node: string, metric: string, at: number, value: number): void {
    if (at < this.#since || at > this.#until) return;
    const width = (this.#until - this.#since) / this.#points;
    const index = width === 0 ? 0 : Math.min(this.#points - 1, Math.floor((at - this.#since) / width));
    const bucket = this.#bucket(node, metric, index);
    bucket.count += 1;
    // Running means: sums of byte counters would lose digits.
    bucket.time += (at - bucket.time) / bucket.count;
    bucket.value += (value - bucket.value) / bucket.count;
  }

  #bucket(node: string, metric: string, index: number): Bucket {
    const key = `${node} ${metric}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { node, metric, buckets: new Map() };
      this.#series.set(key, series);
    }
    let bucket = series.buckets.get(index);
    if (bucket === undefined) {
      bucket = { index, count: 0, time: 0, value: 0 };
      series.buckets.set(index, bucket);
      this.#size += 1;
      if (this.#size > mostPoints) {
        throw new ShoalError('resource_exhausted', `the answer would hold more than ${mostPoints} points`, {
          hint: 'ask for one node, fewer metrics or fewer points',
        });
      }
    }
    return bucket;
  }

  /** By node, then metric. */
  series(): readonly StatSeries[] {
    return [...this.#series.values()]
      .sort((a, b) => (a.node === b.node ? (a.metric < b.metric ? -1 : 1) : a.node < b.node ? -1 : 1))
      .map(({ node, metric, buckets }) => ({
        node,
        metric,
        points: [...buckets.values()]
          .sort((a, b) => a.index - b.index)
          .map(({ time, value }) => [Math.round(time), value] as const),
      }));
  }
}
