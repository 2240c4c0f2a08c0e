import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Host } from './host.js';

const repository = join(import.meta.dirname, '..', '..', '..');
const directory = join(repository, 'out', 'krakend', 'packages');
const mount = '/opt/krakend-packages';

/** The versions of the Debian package `krakend` that hosts can have, older first. */
export const krakendVersions = ['2.13.7-1', '2.13.8-1'] as const;

/** The packages of KrakenD, or of what stands for it. */
export interface KrakendPackages {
  /** False: the program that SHOAL_KRAKEND names is in them. */
  readonly standIn: boolean;
  /** For `createCluster` or `createLab`. */
  readonly binds: Readonly<Record<string, string>>;
}

/** Makes the packages unless that was done before. */
export function makeKrakendPackages(): KrakendPackages {
  const script = join(repository, 'scripts', 'krakend.mjs');
  const install = process.env['CI'] === 'true' ? ['--install'] : [];
  const made = execFileSync(process.execPath, [script, ...install, '--packages', directory], {
    encoding: 'utf8',
  });
  const { standIn } = JSON.parse(made) as { standIn: boolean };
  return { standIn, binds: { [mount]: directory } };
}

/** Lets a host's apt find them, beside what it has. */
export async function offerKrakend(host: Host): Promise<void> {
  await host.write('/etc/apt/sources.list.d/krakend.list', `deb [trusted=yes] file:${mount} ./\n`);
  await host.exec('apt-get update -q', { timeoutMs: 60_000 });
}
