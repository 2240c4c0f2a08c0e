import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError, sealKeyBytes, writeFileAtomic } from '@shoal/common';
import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store } from '../store/store.js';

/** The key file's name in the controller's data directory. */
export const keyFile = 'secrets.key';

/** What the store keeps of the key: enough to know it again. */
interface StoredFingerprint {
  readonly fingerprint: string;
}

function fingerprintOf(key: Buffer): string {
  return createHash('sha256').update('shoal secrets key\0').update(key).digest('hex').slice(0, 16);
}

/**
 * The key that seals secrets at rest: 32 random bytes as base64 in a file of its own (mode 0600), so that the store alone tells nothing. Made at
 * the first start, and at one without any sealed value. When the store was used with another key, or the file is gone, the error is given back: a controller
 * without its key does all but open and set secrets.
 */
export async function openSealingKey(dataDir: string, store: Store): Promise<Buffer | ShoalError> {
  const path = join(dataDir, keyFile);
  const known = (await getJson<StoredFingerprint>(store, keys.secretsKey))?.value.fingerprint;
  const found = await readKey(path);
  const isEmpty = (await store.list(keys.secretValues, { limit: 1 })).length === 0;
  if (known === undefined || isEmpty) {
    if (ShoalError.is(found)) return found;
    const key = found ?? randomBytes(sealKeyBytes);
    if (found === undefined) await writeFileAtomic(path, `${key.toString('base64')}\n`, { mode: 0o600 });
    await store.transact({ writes: [putJson(keys.secretsKey, { fingerprint: fingerprintOf(key) })] });
    return key;
  }
  if (ShoalError.is(found)) return found;
  if (found !== undefined && fingerprintOf(found) === known) return found;
  const what = found === undefined ? 'is missing' : "isn't the key that the stored secrets were sealed with";
  return new ShoalError('failed_precondition', `${path} ${what}`, {
    hint: `restore it from the backup (fingerprint ${known}) and restart the controller`,
  });
}

async function readKey(path: string): Promise<Buffer | ShoalError | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === sealKeyBytes) return key;
  return new ShoalError(
    'failed_precondition',
    `${path} is damaged: expected ${sealKeyBytes} bytes as base64`,
    {
      hint: 'restore it from the backup and restart the controller',
    },
  );
}
