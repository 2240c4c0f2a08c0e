import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ShoalError, sealKeyBytes, writeFileAtomic } from '@shoal/common';

/** The keys of this host that never leave it; made of one that is random. */
export interface NodeKey {
  /** Seals what is kept on disk. */
  readonly sealing: Buffer;
  /** Keys digests of texts with secrets: without it nobody can try values until a digest fits. */
  readonly digests: Buffer;
}

/** Reads the key from its file (mode 0600), made there when there is none. Throws `failed_precondition` for a file that isn't a key. */
export async function openNodeKey(path: string): Promise<NodeKey> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const key = text === undefined ? randomBytes(sealKeyBytes) : Buffer.from(text.trim(), 'base64');
  if (key.length !== sealKeyBytes) {
    throw new ShoalError(
      'failed_precondition',
      `${path} is damaged: expected ${sealKeyBytes} bytes as base64`,
      {
        hint: 'restore it from a backup; or remove it together with the directory "converge" beside it, so that the agent converges anew',
      },
    );
  }
  if (text === undefined) await writeFileAtomic(path, `${key.toString('base64')}\n`, { mode: 0o600 });
  return { sealing: derived(key, 'sealing'), digests: derived(key, 'digests') };
}

/** SHA-256 of a text, keyed: hex. */
export function keyedDigest(text: string, key: Buffer): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

function derived(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `shoal node key: ${purpose}`, sealKeyBytes));
}
