import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@shoal/common';

/** That the controller took this node out, and the join token by which it had come in. */
export interface RemovedMark {
  readonly clusterId: string;
  /** Id of the token that was configured then; empty: none was. The same one doesn't bring the node back. */
  readonly tokenId: string;
}

/** Reads the mark; undefined when the node wasn't removed. */
export async function readRemovedMark(dataDir: string): Promise<RemovedMark | undefined> {
  try {
    return JSON.parse(await readFile(pathOf(dataDir), 'utf8')) as RemovedMark;
  } catch {
    return undefined;
  }
}

export async function writeRemovedMark(dataDir: string, mark: RemovedMark): Promise<void> {
  await writeFileAtomic(pathOf(dataDir), `${JSON.stringify(mark)}\n`, { mode: 0o600 });
}

export async function clearRemovedMark(dataDir: string): Promise<void> {
  await rm(pathOf(dataDir), { force: true });
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'removed.json');
}
