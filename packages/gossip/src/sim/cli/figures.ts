/** A duration of ms in words: minutes and seconds, from an hour on hours. */
export function duration(ms: number): string {
  if (ms >= 3_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The values below which these shares (0 to 1) of all values are, by nearest rank; none if there are no values. */
export function quantiles(values: readonly number[], shares: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return shares.flatMap((share) => sorted[Math.ceil(share * sorted.length) - 1] ?? []);
}

/** Times of ms as seconds, side by side; `-` if there are none. */
export function secondsOf(values: readonly number[]): string {
  return values.length === 0 ? '-' : values.map((value) => (value / 1000).toFixed(1)).join(' / ');
}
