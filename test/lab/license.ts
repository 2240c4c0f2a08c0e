import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLicenseKey, encodeLicenseKey, formatTrustedLicenseKeys, parseLicenseKey } from '@shoal/common';
import { TestVendor } from '@shoal/common/testing';
import { cacheDirectory } from './base.js';

/** The list of the lab vendor's key, for those who make packages: `SHOAL_LICENSE_KEYS`. It is there once `writeLabKeys` was called. */
export function labKeysFile(): string {
  return join(cacheDirectory(), 'license-keys.json');
}

/** The lab's own vendor, whose licenses the lab's packages count. Its key is made once, beside the lab's base. */
export async function labVendor(): Promise<TestVendor> {
  mkdirSync(cacheDirectory(), { recursive: true });
  const file = join(cacheDirectory(), 'license-key.pem');
  const made = encodeLicenseKey(await createLicenseKey(), 'pem');
  try {
    writeFileSync(file, made, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return new TestVendor(await parseLicenseKey(readFileSync(file, 'utf8'), file));
}

/** Writes the list of the lab vendor's key. Gives its path. */
export async function writeLabKeys(): Promise<string> {
  writeFileSync(labKeysFile(), formatTrustedLicenseKeys((await labVendor()).trust));
  return labKeysFile();
}
