import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './repository.mjs';

/** The list of license keys that the build shall trust: SHOAL_LICENSE_KEYS, else the repository's, which is empty. */
export function licenseKeysFile() {
  const given = process.env.SHOAL_LICENSE_KEYS ?? '';
  if (given === '') return join(root, 'packages/common/trusted-license-keys.json');
  // npm runs scripts in the repository, wherever it was called.
  const file = resolve(process.env.INIT_CWD ?? '.', given);
  if (!existsSync(file)) throw new Error(`SHOAL_LICENSE_KEYS: there is no file ${file}`);
  return file;
}

/** The list's text, once the program that will read it has found nothing wrong with it, and what it holds in words. */
export async function readLicenseKeys() {
  const { formatTrustedLicenseKeys, parseTrustedLicenseKeys } = await import(
    join(root, 'packages/common/dist/index.js')
  );
  const file = licenseKeysFile();
  const list = await parseTrustedLicenseKeys(readFileSync(file, 'utf8'), file);
  const revoked = new Set(list.revoked.map(({ kid }) => kid));
  const vendors = list.keys
    .filter(({ kid }) => !revoked.has(kid))
    .map(({ kid, vendor }) => `${kid} (${vendor})`);
  const summary =
    vendors.length === 0
      ? 'No license key is trusted: these packages take no license (SHOAL_LICENSE_KEYS=FILE names a list).'
      : `License keys trusted: ${vendors.join(', ')}; revoked: ${list.revoked.length}.`;
  return { text: formatTrustedLicenseKeys(list), summary };
}
