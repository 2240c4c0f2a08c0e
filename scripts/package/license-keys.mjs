import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './repository.mjs';

const common = join(root, 'packages/common');

/** What is wrong with the list that SHOAL_LICENSE_KEYS names, for people. */
export class UnusableLicenseKeys extends Error {}

/** The file that SHOAL_LICENSE_KEYS names; undefined: none. */
function namedFile() {
  const given = process.env.SHOAL_LICENSE_KEYS ?? '';
  if (given === '') return undefined;
  // npm runs scripts in the repository, wherever it was called.
  const file = resolve(process.env.INIT_CWD ?? '.', given);
  if (!existsSync(file)) throw new UnusableLicenseKeys(`SHOAL_LICENSE_KEYS: there is no file ${file}`);
  return file;
}

/** The list of license keys that the build shall trust: SHOAL_LICENSE_KEYS, else the repository's, which is empty. */
export function licenseKeysFile() {
  return namedFile() ?? join(common, 'trusted-license-keys.json');
}

/** The list's text, once the program that will read it has found nothing wrong with it, and what it holds in words. */
export async function readLicenseKeys() {
  const { formatProblems, formatTrustedLicenseKeys, parseTrustedLicenseKeys, ShoalError } = await import(
    join(common, 'dist/index.js')
  );
  const file = licenseKeysFile();
  const list = await parseTrustedLicenseKeys(readFileSync(file, 'utf8'), file).catch((thrown) => {
    if (!ShoalError.is(thrown)) throw thrown;
    throw new UnusableLicenseKeys(`SHOAL_LICENSE_KEYS: ${formatProblems(thrown).trimEnd()}`);
  });
  const revoked = new Set(list.revoked.map(({ kid }) => kid));
  const vendors = list.keys
    .filter(({ kid }) => !revoked.has(kid))
    .map(({ kid, vendor }) => `${kid} (${vendor})`);
  // A list that only revokes may be what the build is for.
  if (vendors.length === 0 && list.revoked.length === 0 && namedFile() !== undefined) {
    throw new UnusableLicenseKeys(
      `SHOAL_LICENSE_KEYS: ${file} trusts no key; shoal license keygen or trust adds one`,
    );
  }
  return { text: formatTrustedLicenseKeys(list), summary: summaryOf(vendors, list.revoked.length, file) };
}

function summaryOf(vendors, revoked, file) {
  if (vendors.length > 0) return `License keys trusted: ${vendors.join(', ')}; revoked: ${revoked}.`;
  if (revoked === 0) {
    return 'No license key is trusted: these packages take no license (SHOAL_LICENSE_KEYS=FILE names a list).';
  }
  return `warning: ${file} trusts no key that it doesn't revoke (revoked: ${revoked}): this build takes no license; shoal license keygen or trust adds a key.`;
}

/**
 * Puts the list that SHOAL_LICENSE_KEYS names into what was compiled here, and takes away that of an earlier run; without one the repository's counts.
 * Returns what it holds in words, or undefined.
 */
export async function placeLicenseKeys(compiled = join(common, 'dist')) {
  const place = join(compiled, 'trusted-license-keys.json');
  if (namedFile() === undefined) return void rmSync(place, { force: true });
  const { text, summary } = await readLicenseKeys();
  writeFileSync(place, text);
  return summary;
}
