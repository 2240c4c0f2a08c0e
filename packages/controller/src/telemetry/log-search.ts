import type { LogLine } from '@shoal/common';
import type { LogQuery } from '../services.js';
import { blocksOf, type PlacedBlock, recordsOf } from './block.js';
import type { Journal } from './journal.js';
import type { JournalSet } from './journal-set.js';
import { createLineMatcher } from './line-matcher.js';
import { compareLines, cursorOf, fits, type StoredLine, toLogLine } from './log-line.js';
import { Newest } from './newest.js';
import type { Segment } from './segment.js';

const defaultLimit = 200;
/** A search looks at no more than this long; what it has found by then is given as truncated. */
const longestSearchMs = 15_000;
/** Other work gets its turn this often. */
const sliceMs = 10;

interface Place {
  readonly node: string;
  readonly journal: Journal<StoredLine>;
  readonly segment: Readonly<Segment>;
}

interface Search {
  readonly query: LogQuery;
  readonly matcher: ReturnType<typeof createLineMatcher> | undefined;
  readonly newest: Newest<LogLine>;
}

function placesOf(journals: JournalSet<StoredLine>, query: LogQuery): Place[] {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = query;
  const places: Place[] = [];
  for (const node of query.node === undefined ? journals.nodes : [query.node]) {
    const journal = journals.get(node);
    if (journal === undefined) continue;
    for (const segment of journal.segments) {
      if (segment.max >= since && segment.min <= until) places.push({ node, journal, segment });
    }
  }
  return places.sort((a, b) => b.segment.max - a.segment.max);
}

/** Whether something that is at most as late as `max` can't be among the newest any more. */
function tooOld(newest: Newest<LogLine>, max: number): boolean {
  return newest.full && newest.least !== undefined && max < newest.least.at;
}

/** Whether the block can hold such a line at all: its time, and the names as they would be written. */
function mayHold(data: Buffer, block: PlacedBlock, { query, newest }: Search): boolean {
  const { min, max } = block.header;
  if (query.since !== undefined && max < query.since) return false;
  if (query.until !== undefined && min > query.until) return false;
  if (tooOld(newest, max)) return false;
  const payload = data.subarray(block.payloadStart, block.end);
  return [query.service, query.source].every(
    (name) => name === undefined || payload.includes(JSON.stringify(name)),
  );
}

function searchBlock(data: Buffer, block: PlacedBlock, place: Place, search: Search): void {
  const { query, matcher, newest } = search;
  const candidates: LogLine[] = [];
  recordsOf<StoredLine>(data, block).forEach((stored, index) => {
    if (!fits(stored, query) || tooOld(newest, stored[1])) return;
    const cursor = cursorOf(place.node, place.segment.number, block.offset, index);
    candidates.push(toLogLine(place.node, stored, cursor));
  });
  const matches = matcher?.(candidates);
  candidates.forEach((line, index) => {
    if (matches === undefined || matches[index] === true) newest.add(line);
  });
}

/**
 * The newest `limit` lines that fit, oldest first. Segments and in them blocks are visited from the latest to the earliest by the times
 * that they hold, until nothing that is left can be newer than what was found.
 */
export async function searchLogs(
  journals: JournalSet<StoredLine>,
  query: LogQuery,
): Promise<{ lines: readonly LogLine[]; truncated: boolean }> {
  const limit = query.limit ?? defaultLimit;
  const newest = new Newest<LogLine>(limit + 1, compareLines);
  const matcher = query.grep === undefined ? undefined : createLineMatcher(query.grep);
  const search: Search = { query, matcher, newest };
  const startedAt = performance.now();
  let sliceAt = startedAt;
  let outOfTime = false;
  for (const place of placesOf(journals, query)) {
    if (outOfTime || tooOld(newest, place.segment.max)) break;
    const data = await place.journal.read(place.segment);
    const blocks = [...blocksOf(data, false)].sort((a, b) => b.header.max - a.header.max);
    for (const block of blocks) {
      if (mayHold(data, block, search)) searchBlock(data, block, place, search);
      if (performance.now() - sliceAt < sliceMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceAt = performance.now();
      outOfTime = sliceAt - startedAt > longestSearchMs;
      if (outOfTime) break;
    }
  }
  const lines = newest.sorted();
  const truncated = lines.length > limit || outOfTime;
  return { lines: lines.slice(-limit), truncated };
}
