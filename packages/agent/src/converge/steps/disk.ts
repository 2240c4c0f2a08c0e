import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';

/** The file itself, links not followed; undefined when there is none. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw thrown;
  }
}
