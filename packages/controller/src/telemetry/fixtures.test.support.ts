import type { LogRecord__Output, StatSample__Output } from '@shoal/common';

/** Records with sequence numbers `from` to `to`, a second apart by default. */
export function logRecords(
  from: number,
  to: number,
  of: Partial<LogRecord__Output> & { readonly startAt?: number; readonly stepMs?: number } = {},
): LogRecord__Output[] {
  const { startAt = 1_000_000, stepMs = 1000, ...rest } = of;
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    sequence: from + index,
    atMs: startAt + (from + index) * stepMs,
    service: 'web',
    source: 'access',
    line: `line ${from + index}`,
    fields: {},
    ...rest,
  }));
}

export function sample(sequence: number, atMs: number, values: Record<string, number>): StatSample__Output {
  return { sequence, atMs, values };
}
