/** Smallest latency that is told apart, seconds; everything below it is one bucket. */
const least = 0.000_25;
/** Buckets for each doubling: neighbors differ by 9 %. */
const perOctave = 8;
/** Up to 64 s; what took longer counts as that. */
const octaves = 18;

/** Number of a latency histogram's buckets. */
export const bucketCount: number = octaves * perOctave + 1;

/** Counts by bucket, as `bucketOf` numbers them; missing ones are 0. */
export type LatencyCounts = ArrayLike<number>;

/** The bucket that a latency in seconds belongs to. */
export function bucketOf(seconds: number): number {
  if (!(seconds > least)) return 0;
  const bucket = Math.ceil(Math.log2(seconds / least) * perOctave - 1e-9);
  return Math.min(bucket, bucketCount - 1);
}

/** The longest latency of a bucket, seconds. */
function edge(bucket: number): number {
  return bucket < 0 ? 0 : least * 2 ** (bucket / perOctave);
}

/** The latency, in seconds, that this part (0 to 1) of all stayed within; undefined: there were none. Right to 9 %. */
export function quantile(counts: LatencyCounts, part: number): number | undefined {
  const wanted = part * total(counts);
  if (wanted === 0) return undefined;
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket] ?? 0;
    if (count === 0 || seen + count < wanted) {
      seen += count;
      continue;
    }
    const low = edge(bucket - 1);
    return low + ((wanted - seen) / count) * (edge(bucket) - low);
  }
  return edge(bucketCount - 1);
}

/** How many took longer than that many seconds; those of the bucket in which it lies are divided as if they were spread evenly. */
export function above(counts: LatencyCounts, seconds: number): number {
  const middle = bucketOf(seconds);
  let slower = 0;
  for (let bucket = middle + 1; bucket < counts.length; bucket += 1) slower += counts[bucket] ?? 0;
  const low = edge(middle - 1);
  const part = Math.min(1, Math.max(0, (edge(middle) - seconds) / (edge(middle) - low)));
  return slower + part * (counts[middle] ?? 0);
}

/** How many latencies are counted. */
export function total(counts: LatencyCounts): number {
  let sum = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) sum += counts[bucket] ?? 0;
  return sum;
}
