import { ShoalError } from '../errors/shoal-error.js';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Regular expression source of a duration; for JSON schemas. */
export const durationPattern: string = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$';

/** A duration for people's eyes, in messages about one that isn't. */
export const durationExpected: string = 'a length of time such as 500ms, 10s, 5m, 24h or 7d';

/** Milliseconds of a length of time such as `500ms`, `10s`, `1h30m`, `7d`. Throws `invalid_input` for anything else. */
export function parseDuration(text: string): number {
  if (!new RegExp(durationPattern).test(text)) {
    throw new ShoalError('invalid_input', `expected ${durationExpected}, found ${JSON.stringify(text)}`);
  }
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|[smhd])/g)) {
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  return Math.round(total);
}

/** The shortest exact text for a length of time in milliseconds: `90000` is `1m30s`. Fractions are rounded; negative becomes `0s`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms);
  if (!(rest > 0)) return '0s';
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = unitMs[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
