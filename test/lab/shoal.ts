import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.js';
import { labKeysFile } from './license.js';

const repository = join(import.meta.dirname, '..', '..', '..');

/** Shoal's three packages, in the order in which each needs the one before. */
export type ShoalPackage = 'shoal' | 'shoal-agent' | 'shoal-controller';

/** Where the lab's packages are: `SHOAL_LAB_PACKAGES`, or where scripts/lab-packages.mjs makes them. */
export function packagesDirectory(): string {
  return process.env['SHOAL_LAB_PACKAGES'] ?? join(repository, 'node_modules/.cache/shoal/lab-packages');
}

/** Makes the same packages with another version number, to try an upgrade with. Takes a few seconds. */
export function makePackages(version: string, directory: string): void {
  const script = join(repository, 'scripts', 'package.mjs');
  execFileSync(process.execPath, [script, '--no-build', '--out', directory], {
    env: { ...process.env, SHOAL_PACKAGE_VERSION: version, SHOAL_LICENSE_KEYS: labKeysFile() },
    stdio: 'pipe',
  });
}

/** The names of the package files in a directory of this machine, e.g. `shoal_0.1.0_amd64.deb`. */
export function packageFiles(directory: string, ...packages: ShoalPackage[]): string[] {
  const files = readdirSync(directory);
  return packages.map((name) => {
    const found = files.find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
    if (found === undefined) throw new Error(`no package ${name} in ${directory}; run npm run test:lab`);
    return found;
  });
}

/**
 * Where hosts see the packages. Give it to `createLab` as `binds: { [packagesMount]: packagesDirectory() }`, and
 * install with `installShoal`.
 */
export const packagesMount = '/opt/shoal-packages';

/** Installs Shoal's packages on a host; returns what apt and the packages printed. */
export async function installShoal(host: Host, ...packages: ShoalPackage[]): Promise<string> {
  const files = packageFiles(packagesDirectory(), ...packages).map((file) => join(packagesMount, file));
  return (await host.install(...files)).stdout;
}
