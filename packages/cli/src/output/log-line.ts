import { accessText, type LogLine } from '@shoal/common';
import { localTime, type Palette, printable } from './text.js';

/** What `log.search` understands as a pattern; undefined for what it refuses. */
export function grepExpression(pattern: string): RegExp | undefined {
  try {
    return pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'i') : new RegExp(pattern);
  } catch {
    return undefined;
  }
}

/**
 * A service's log line for a terminal, ending in a line end; an access log's JSON in short, unless `raw`, or unless only the JSON
 * shows what was looked for (`sought`).
 */
export function logLineText(log: LogLine, paint: Palette, raw: boolean, sought?: RegExp): string {
  const short = raw ? undefined : accessText(log);
  const text = short === undefined || sought?.test(short) === false ? log.line : short;
  const origin = `${paint.bold(log.node)} ${log.service}/${log.source}`;
  return `${paint.dim(localTime(log.at))} ${origin} ${printable(text)}\n`;
}
