import { open, rm } from 'node:fs/promises';
import { diskError } from '@shoal/common';
import type { Ownership } from './ownership.js';

/**
 * Writes a file that is to take another's place: synced, with its owner and permissions, under a name that an agent after a crash knows. What stands there
 * is removed, never followed. On failure nothing is left; a full disk is `resource_exhausted`.
 */
export async function writeStaged(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode: number; readonly owner: Ownership },
): Promise<void> {
  const { mode, owner } = options;
  await rm(path, { force: true });
  const file = await open(path, 'wx', mode);
  try {
    // Before the mode: chown(2) may clear set-id bits.
    if (owner.uid !== -1 || owner.gid !== -1) await file.chown(owner.uid, owner.gid);
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } catch (thrown) {
    await rm(path, { force: true });
    throw diskError(thrown, path);
  } finally {
    await file.close();
  }
}
