import { readFile } from 'node:fs/promises';
import { arch, cpus, hostname, release, totalmem } from 'node:os';

/** Facts about the host for people and templates: `os`, `osVersion`, `osName`, `kernel`, `arch`, `cores`, `memoryBytes`, `hostname`. */
export async function hostFacts(): Promise<Readonly<Record<string, string>>> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const os = parseOsRelease(text);
  return {
    os: os.get('ID') ?? 'linux',
    osVersion: os.get('VERSION_ID') ?? '',
    osName: os.get('PRETTY_NAME') ?? 'Linux',
    kernel: release(),
    arch: arch(),
    cores: String(cpus().length),
    memoryBytes: String(totalmem()),
    hostname: hostname(),
  };
}

/** os-release(5): names to values, quotes taken off. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const match of text.matchAll(/^([A-Z0-9_]+)=("?)(.*)\2$/gm))
    values.set(match[1] ?? '', match[3] ?? '');
  return values;
}
