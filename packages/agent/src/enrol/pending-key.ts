import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyAndCsr, type KeyAndCsr, writeFileAtomic } from '@shoal/common';

/**
 * The key that this node enrolls with, the same one until it holds an identity: it is on disk before the controller is asked, so that a full disk costs
 * no use of the token, and a host whose answer was lost is known again by its request.
 *
 * @throws ShoalError `resource_exhausted` on a full disk
 */
export async function pendingKey(dataDir: string): Promise<KeyAndCsr> {
  const known = await readPendingKey(dataDir);
  if (known !== undefined) return known;
  const fresh = await createKeyAndCsr();
  await writeFileAtomic(pathOf(dataDir), `${JSON.stringify(fresh)}\n`, { mode: 0o600 });
  return fresh;
}

/** The identity is kept: the next enrolment begins with a key of its own. */
export async function clearPendingKey(dataDir: string): Promise<void> {
  await rm(pathOf(dataDir), { force: true });
}

async function readPendingKey(dataDir: string): Promise<KeyAndCsr | undefined> {
  const text = await readFile(pathOf(dataDir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  try {
    const { keyPem, csrPem } = JSON.parse(text ?? '{}') as Partial<KeyAndCsr>;
    return typeof keyPem === 'string' && typeof csrPem === 'string' ? { keyPem, csrPem } : undefined;
  } catch {
    // Damaged: a fresh one does as well.
    return undefined;
  }
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'enrolling.json');
}
