import type { BlockHeader, PlacedBlock } from './block.js';

/** A file of a journal: blocks one after another. Numbers rise and are never used twice. */
export interface Segment {
  readonly number: number;
  /** Bytes that are whole and durable; what lies behind them isn't part of it. */
  bytes: number;
  records: number;
  /** Earliest and latest time of a record; of an empty segment Infinity and -Infinity. */
  min: number;
  max: number;
  /** When its first and its last batch were taken. */
  firstReceived: number;
  received: number;
}

const extension = '.seg';

export function segmentFile(number: number): string {
  return `${String(number).padStart(10, '0')}${extension}`;
}

/** The number in a segment's file name; undefined for other files. */
export function segmentNumber(file: string): number | undefined {
  return /^\d{10}\.seg$/.test(file) ? Number(file.slice(0, -extension.length)) : undefined;
}

export function emptySegment(number: number): Segment {
  return {
    number,
    bytes: 0,
    records: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    firstReceived: Number.POSITIVE_INFINITY,
    received: Number.NEGATIVE_INFINITY,
  };
}

/** Counts a block that was added at the segment's end. */
export function addBlock(segment: Segment, header: BlockHeader, length: number): void {
  segment.bytes += length;
  segment.records += header.count;
  segment.min = Math.min(segment.min, header.min);
  segment.max = Math.max(segment.max, header.max);
  segment.firstReceived = Math.min(segment.firstReceived, header.received);
  segment.received = Math.max(segment.received, header.received);
}

/** What a segment's blocks add up to. */
export function summarize(number: number, blocks: readonly PlacedBlock[]): Segment {
  const segment = emptySegment(number);
  for (const block of blocks) addBlock(segment, block.header, block.end - block.offset);
  return segment;
}
