import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@shoal/common';
import { newSecret } from './secrets.js';

/** The token of `<dataDir>/metrics-token` (0600), made at the first start. */
export async function readMetricsToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'metrics-token');
  try {
    const token = (await readFile(path, 'utf8')).trim();
    if (token.length >= 16) return token;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
  const token = newSecret();
  await writeFileAtomic(path, `${token}\n`, { mode: 0o600 });
  return token;
}
