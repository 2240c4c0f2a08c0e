import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ShoalError } from '../errors/shoal-error.js';

/** How to write a file. */
export interface WriteFileOptions {
  /** Permissions of the new file, whatever the umask says. Default 0o600. */
  readonly mode?: number;
  /** Ids of the new file's owner and group; -1, as in chown(2): those of this process. Set before the file has its name, on the file itself. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Opens the temporary file; for tests that make the disk fail. */
  readonly open?: (path: string, flags: string, mode: number) => Promise<FileHandle>;
}

/**
 * Puts `data` at `path` so that after a crash or a power cut either the old or the new content is there, whole: a temporary
 * file in the same directory is written, synced and renamed over it, then the directory is synced. On failure the old
 * file is untouched and the temporary one is gone. A full disk is `resource_exhausted`; other errors keep their own shape.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: WriteFileOptions = {},
): Promise<void> {
  const mode = options.mode ?? 0o600;
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await (options.open ?? open)(temporary, 'wx', mode);
    try {
      const { uid = -1, gid = -1 } = options.owner ?? {};
      // Before the mode: chown(2) may clear set-id bits.
      if (uid !== -1 || gid !== -1) await file.chown(uid, gid);
      await file.chmod(mode);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(directory);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw diskError(thrown, path);
  }
}

/** Makes a directory's entries durable: without it a rename may be lost by a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A full disk or quota as `resource_exhausted`, anything else as it was thrown. For every write of state. */
export function diskError(thrown: unknown, path: string): unknown {
  const code = (thrown as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return thrown;
  const what = code === 'ENOSPC' ? 'no space left on the disk' : 'disk quota exceeded';
  return new ShoalError('resource_exhausted', `can't write ${path}: ${what}`, {
    hint: `free space on the file system of ${dirname(path)}; what was there before is unchanged`,
    cause: thrown,
  });
}
