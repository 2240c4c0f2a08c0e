import { chmod, chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StepError } from '../step-error.js';
import type { Ownership } from './ownership.js';
import { isWithin, resolveDirectory } from './safe-path.js';

/** Most that may come out of an archive. */
export interface UnpackedLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/**
 * Judges what came out of an archive, whatever its list said, and gives it its owner: links that lead out of it, names of files outside, devices
 * and too much of anything are refused with a StepError. Nobody but the owner may write to it, and nothing runs as another user.
 */
export async function settleUnpacked(root: string, limits: UnpackedLimits, owner: Ownership): Promise<void> {
  const top = await resolveDirectory(root, root);
  const files = new Files(limits);
  const settle = async (path: string): Promise<void> => {
    const stat = await lstat(path);
    const shown = path.slice(root.length + 1);
    // A link stays the agent's own: whoever owned it could lead later steps astray.
    if (stat.isSymbolicLink()) return refuseLinkOut(path, top, shown);
    if (stat.isFile()) files.add(shown, stat);
    else if (!stat.isDirectory()) {
      throw new StepError(`refused: ${shown} is neither a file nor a directory nor a link`);
    }
    if (owner.uid !== -1 || owner.gid !== -1) await chown(path, owner.uid, owner.gid);
    await chmod(path, (stat.mode & 0o755) | (stat.isDirectory() ? 0o700 : 0o600));
    if (!stat.isDirectory()) return;
    for (const name of await readdir(path)) await settle(join(path, name));
  };
  await settle(root);
  files.refuseOutside();
}

/** What was seen: files may have several names, all of which have to be inside. */
class Files {
  readonly #limits: UnpackedLimits;
  readonly #names = new Map<number, { missing: number; shown: string }>();
  #count = 0;
  #bytes = 0;

  constructor(limits: UnpackedLimits) {
    this.#limits = limits;
  }

  add(shown: string, { ino, nlink, size }: { ino: number; nlink: number; size: number }): void {
    const { maxEntries, maxBytes } = this.#limits;
    this.#count += 1;
    if (this.#count > maxEntries) throw new StepError(`refused: more than ${maxEntries} entries`);
    const known = this.#names.get(ino);
    if (known === undefined) this.#bytes += size;
    if (this.#bytes > maxBytes) throw new StepError(`refused: more than ${maxBytes} bytes`);
    this.#names.set(ino, { shown, missing: (known?.missing ?? nlink) - 1 });
  }

  refuseOutside(): void {
    const outside = [...this.#names.values()].find(({ missing }) => missing !== 0);
    if (outside !== undefined) throw new StepError(`refused: ${outside.shown} is a name of a file outside`);
  }
}

async function refuseLinkOut(path: string, top: string, shown: string): Promise<void> {
  const real = await resolveDirectory(path, shown);
  if (!isWithin(real, top)) throw new StepError(`refused: the link ${shown} leads out of the directory`);
}
