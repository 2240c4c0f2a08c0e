import { crc32 } from 'node:zlib';

/**
 * The unit in which a journal grows: the records of one batch, with what is needed to skip it in a search and to know after a crash
 * that it is whole.
 *
 *     <crc, 8 hex digits> <header as JSON>\n<payload: one JSON text a line>
 *
 * The CRC-32 covers header and payload.
 */
export interface BlockHeader {
  /** Which of the node's spools the records come from. */
  readonly spool: string;
  /** Highest sequence number in the block. */
  readonly upto: number;
  /** Records. */
  readonly count: number;
  /** Length of the payload in bytes. */
  readonly bytes: number;
  /** Earliest and latest time of a record, ms since the epoch. */
  readonly min: number;
  readonly max: number;
  /** When the controller took the batch, ms since the epoch; retention goes by it, a line's own time can be anything. */
  readonly received: number;
}

/** A block where it lies in its segment. */
export interface PlacedBlock {
  readonly header: BlockHeader;
  /** Of its first byte in the segment. */
  readonly offset: number;
  readonly payloadStart: number;
  /** One past its last byte. */
  readonly end: number;
}

/** Longest header that is looked for. */
const longestHeader = 2048;
const newline = 0x0a;

/** One block. `lines` must not hold newlines (JSON texts don't). */
export function encodeBlock(header: Omit<BlockHeader, 'bytes' | 'count'>, lines: readonly string[]): Buffer {
  const payload = Buffer.from(`${lines.join('\n')}\n`);
  const head = JSON.stringify({ ...header, count: lines.length, bytes: payload.length });
  const crc = checksum(head, payload);
  return Buffer.concat([Buffer.from(`${crc} ${head}\n`), payload]);
}

function checksum(head: string, payload: Uint8Array): string {
  return crc32(payload, crc32(head)).toString(16).padStart(8, '0');
}

/** The block that begins at `offset`, or undefined when there is none, it is torn, or `verify` finds it damaged. */
export function blockAt(segment: Buffer, offset: number, verify: boolean): PlacedBlock | undefined {
  const lineEnd = segment.subarray(offset, offset + longestHeader).indexOf(newline);
  if (lineEnd < 10) return undefined;
  const crc = segment.toString('latin1', offset, offset + 8);
  const head = segment.toString('utf8', offset + 9, offset + lineEnd);
  const header = parseHeader(head);
  if (header === undefined) return undefined;
  const payloadStart = offset + lineEnd + 1;
  const end = payloadStart + header.bytes;
  if (end > segment.length) return undefined;
  if (verify && checksum(head, segment.subarray(payloadStart, end)) !== crc) return undefined;
  return { header, offset, payloadStart, end };
}

function parseHeader(head: string): BlockHeader | undefined {
  try {
    const header = JSON.parse(head) as BlockHeader;
    return typeof header.spool === 'string' && Number.isSafeInteger(header.bytes) && header.bytes >= 0
      ? header
      : undefined;
  } catch {
    return undefined;
  }
}

/** The blocks of a segment in order, up to its end or the first that isn't whole. */
export function blocksOf(segment: Buffer, verify: boolean): readonly PlacedBlock[] {
  const blocks: PlacedBlock[] = [];
  let offset = 0;
  while (offset < segment.length) {
    const block = blockAt(segment, offset, verify);
    if (block === undefined) break;
    blocks.push(block);
    offset = block.end;
  }
  return blocks;
}

/** The records of a block, each as the JSON value that it was written from. */
export function recordsOf<T>(segment: Buffer, block: PlacedBlock): readonly T[] {
  const payload = segment.toString('utf8', block.payloadStart, block.end - 1);
  return JSON.parse(`[${payload.replaceAll('\n', ',')}]`) as readonly T[];
}
