import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What a file was when its checksum was taken. */
interface Known {
  readonly identity: string;
  readonly sha256: string;
}

const mostKnown = 200;
/** A file that changed this lately may change once more within the same tick of its clock. */
const settledMs = 2000;
const known = new Map<string, Known>();

/** SHA-256 of a file in hex. Large files are asked for again and again: one that didn't change since isn't read again. */
export async function checksumOf(path: string, signal?: AbortSignal): Promise<string> {
  const before = await stat(path, { bigint: true });
  const identity = identityOf(before);
  const found = known.get(path);
  if (found?.identity === identity) return found.sha256;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  const sha256 = hash.digest('hex');
  known.delete(path);
  if (Date.now() - Number(before.ctimeMs) > settledMs) {
    known.set(path, { identity, sha256 });
    for (const oldest of known.keys()) {
      if (known.size <= mostKnown) break;
      known.delete(oldest);
    }
  }
  return sha256;
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
