import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@shoal/common';
import type { HeldSpool } from './held.js';
import type { Segment } from './segment.js';

/**
 * What a journal knows of its closed segments, so that opening it reads only the last one, and what is held of each spool, so that
 * this outlives the segments that retention deletes. Written when a segment is closed.
 */
export interface Checkpoint {
  readonly format: 1;
  readonly held: Readonly<Record<string, HeldSpool>>;
  readonly segments: readonly Segment[];
}

const file = 'checkpoint.json';

export async function writeCheckpoint(dir: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomic(join(dir, file), JSON.stringify(checkpoint), { mode: 0o600 });
}

/** The checkpoint, or an empty one when there is none yet. An unreadable one is as good as none: the segments are scanned instead. */
export async function readCheckpoint(dir: string): Promise<Checkpoint> {
  try {
    const read = JSON.parse(await readFile(join(dir, file), 'utf8')) as Checkpoint;
    if (read.format === 1) return read;
  } catch (thrown) {
    const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    if (!missing && !(thrown instanceof SyntaxError)) throw thrown;
  }
  return { format: 1, held: {}, segments: [] };
}
