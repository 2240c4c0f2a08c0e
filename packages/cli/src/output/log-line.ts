import { accessText, type LogLine } from '@shoal/common';
import { localTime, type Palette, printable } from './text.js';

/** A service's log line for a terminal, ending in a line end; an access log's JSON in short, unless `raw`. */
export function logLineText(log: LogLine, paint: Palette, raw: boolean): string {
  const text = raw ? log.line : (accessText(log) ?? log.line);
  const origin = `${paint.bold(log.node)} ${log.service}/${log.source}`;
  return `${paint.dim(localTime(log.at))} ${origin} ${printable(text)}\n`;
}
