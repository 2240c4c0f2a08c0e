import { open, readFile, rm, stat } from 'node:fs/promises';
import {
  formatTrustedLicenseKeys,
  type LicenseKey,
  loadTrustedLicenseKeys,
  noTrustedLicenseKeys,
  parseLicenseKey,
  parseTrustedLicenseKeys,
  readLicenseFile,
  ShoalError,
  type TrustedLicenseKeys,
  writeFileAtomic,
} from '@shoal/common';

/** Longest key, list or request that is read, bytes. */
const maxBytes = 1024 * 1024;

async function readText(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > maxBytes) throw new ShoalError('invalid_input', `${path} is larger than ${maxBytes} bytes`);
  return readFile(path, 'utf8');
}

/** The text of a file that the vendor names. @throws ShoalError `not_found`, `failed_precondition`, `invalid_input` when it is too large */
export async function readNamedFile(path: string): Promise<string> {
  try {
    return await readText(path);
  } catch (thrown) {
    if (ShoalError.is(thrown)) throw thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ShoalError('not_found', `There is no file ${path}`);
    throw new ShoalError('failed_precondition', `${path} can't be read: ${code}`);
  }
}

/**
 * Makes a file that isn't there yet, with these permissions whatever the umask says.
 *
 * @throws ShoalError `already_exists`: nothing is ever overwritten; `failed_precondition` when it can't be written
 */
export async function writeNewFile(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'EEXIST') {
      throw new ShoalError('already_exists', `${path} is there already, and is never overwritten`, {
        hint: 'name another file: --out FILE',
      });
    }
    throw new ShoalError('failed_precondition', `${path} can't be written: ${thrown.code}`);
  });
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } catch (thrown) {
    // Half a key is worse than none.
    await rm(path, { force: true });
    throw thrown;
  } finally {
    await file.close();
  }
}

/** The private key in a file, and whether others than its owner may read it. */
export async function readKeyFile(path: string): Promise<{ key: LicenseKey; isOpen: boolean }> {
  const key = await parseLicenseKey(await readNamedFile(path), path);
  return { key, isOpen: ((await stat(path)).mode & 0o077) !== 0 };
}

/** The trust list in a file; without one that of this build. */
export async function readTrust(path: string | undefined): Promise<TrustedLicenseKeys> {
  if (path === undefined) return loadTrustedLicenseKeys();
  return parseTrustedLicenseKeys(await readNamedFile(path), path);
}

/** The trust list in a file that may not be there yet. */
export async function readOrBeginTrust(path: string): Promise<TrustedLicenseKeys> {
  return readTrust(path).catch((thrown: unknown) => {
    if (ShoalError.is(thrown) && thrown.code === 'not_found') return noTrustedLicenseKeys;
    throw thrown;
  });
}

/** Replaces the trust list in a file as a whole; it is public. */
export async function writeTrust(path: string, list: TrustedLicenseKeys): Promise<void> {
  try {
    await writeFileAtomic(path, formatTrustedLicenseKeys(list), { mode: 0o644 });
  } catch (thrown) {
    if (ShoalError.is(thrown)) throw thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    throw new ShoalError('failed_precondition', `${path} can't be written: ${code}`);
  }
}

/** A license's text, from a file or, with `-`, standard input. */
export async function readLicense(path: string): Promise<string> {
  if (path !== '-') return readLicenseFile(path);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of process.stdin) {
    size += (part as Buffer).length;
    // Enough for the library to say that it is too much.
    if (size > maxBytes) break;
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}
