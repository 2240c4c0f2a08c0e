import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import type { Position, SpoolHeader } from './entry.js';
import { isSegmentName, recoverSegment, type Segment, type SegmentState, segmentPath } from './segment.js';

/** A spool as it was found on disk, or made. */
export interface OpenedSpool {
  readonly id: string;
  readonly createdAt: number;
  readonly positions: Map<string, Position>;
  /** Oldest first, never empty; the last one is written to by `current`. */
  readonly segments: Segment[];
  readonly current: FileHandle;
  readonly last: number;
  readonly acked: number;
}

/**
 * Finds the spool in a directory, or makes one. Only the newest segment is read: its header says all that came before it. A
 * segment whose header can't be read is moved aside.
 */
export async function openSpoolFiles(directory: string, now: number, logger: Logger): Promise<OpenedSpool> {
  const names = (await readdir(directory)).filter(isSegmentName).sort();
  while (names.length > 0) {
    const newest = join(directory, names.at(-1) ?? '');
    const state = await recoverSegment(newest);
    if (state !== undefined) return await reopen(directory, names, state);
    logger.error({ file: newest }, 'a spool segment cannot be read; it is moved aside');
    await rename(newest, `${newest}.damaged`);
    names.pop();
  }
  const id = randomBytes(8).toString('hex');
  const header = { spool: id, created: now, next: 1, acked: 0, positions: {} };
  const { segment, file } = await createSegment(directory, header);
  return {
    id,
    createdAt: now,
    positions: new Map(),
    segments: [segment],
    current: file,
    last: 0,
    acked: 0,
  };
}

async function reopen(
  directory: string,
  names: readonly string[],
  newest: SegmentState,
): Promise<OpenedSpool> {
  const segments: Segment[] = [];
  for (const [index, name] of names.entries()) {
    if (index === names.length - 1) break;
    const path = join(directory, name);
    const following = Number.parseInt(basename(names[index + 1] ?? name), 10);
    const { size } = await stat(path);
    const segment = { path, first: Number.parseInt(name, 10), last: following - 1, bytes: size };
    if (segment.last <= newest.acked) await unlink(path);
    else segments.push(segment);
  }
  segments.push(newest.segment);
  return {
    id: newest.header.spool,
    createdAt: newest.header.created,
    positions: newest.positions,
    segments,
    current: await open(newest.segment.path, 'a'),
    last: newest.segment.last,
    acked: newest.acked,
  };
}

/** Makes a segment file with its header, durably. Throws what the file system throws; nothing is left behind then. */
export async function createSegment(
  directory: string,
  header: SpoolHeader,
): Promise<{ segment: Segment; file: FileHandle }> {
  const path = segmentPath(directory, header.next);
  const file = await open(path, 'ax', 0o600);
  try {
    const data = Buffer.from(`${JSON.stringify(header)}\n`);
    await file.appendFile(data);
    await file.datasync();
    const folder = await open(directory, 'r');
    await folder.sync().finally(() => folder.close());
    return { segment: { path, first: header.next, last: header.next - 1, bytes: data.length }, file };
  } catch (error) {
    await file.close();
    await unlink(path).catch(() => undefined);
    throw error;
  }
}
