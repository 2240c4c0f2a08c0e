import type { LogLine, LogRecord__Output } from '@shoal/common';
import type { LogQuery } from '../services.js';
import type { JournalRecord } from './journal.js';

/** Longest line that is kept, in characters; the agent cuts at 64 KiB already. */
const longestLine = 65_536;

/** How a line is written: sequence, time, service, source, line, and its fields unless there are none. */
export type StoredLine = readonly [
  sequence: number,
  at: number,
  service: string,
  source: string,
  line: string,
  fields?: Readonly<Record<string, string>>,
];

/** A record as it is kept. A time that is none becomes that of now. */
export function toJournalRecord(record: LogRecord__Output, now: number): JournalRecord<StoredLine> {
  const at = Number.isSafeInteger(record.atMs) && record.atMs > 0 ? record.atMs : now;
  const line = record.line.length > longestLine ? record.line.slice(0, longestLine) : record.line;
  const hasFields = Object.keys(record.fields).length > 0;
  const item: StoredLine = hasFields
    ? [record.sequence, at, record.service, record.source, line, record.fields]
    : [record.sequence, at, record.service, record.source, line];
  return { sequence: record.sequence, at, text: JSON.stringify(item), item };
}

/**
 * Where a line lies: segment, block, place in the block, node. Of one node's lines the later stored one has the greater cursor
 * as text.
 */
export function cursorOf(node: string, segment: number, offset: number, index: number): string {
  const place = [
    String(segment).padStart(10, '0'),
    String(offset).padStart(10, '0'),
    String(index).padStart(6, '0'),
  ];
  return `${place.join('.')}@${node}`;
}

export function toLogLine(node: string, stored: StoredLine, cursor: string): LogLine {
  const [, at, service, source, line, fields = {}] = stored;
  return { node, service, source, at, line, fields, cursor };
}

/** The order in which lines are shown: by time, then by where they lie. */
export function compareLines(a: LogLine, b: LogLine): number {
  return a.at - b.at || (a.cursor < b.cursor ? -1 : a.cursor > b.cursor ? 1 : 0);
}

/** Everything of a query but its pattern and node. */
export function fits(stored: StoredLine, query: LogQuery): boolean {
  const [, at, service, source] = stored;
  return (
    (query.service === undefined || query.service === service) &&
    (query.source === undefined || query.source === source) &&
    (query.since === undefined || at >= query.since) &&
    (query.until === undefined || at <= query.until)
  );
}
