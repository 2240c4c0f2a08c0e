import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

const marker = 'SHOAL_TEST_OWN_ETC';

/** Whether this process has an /etc and a /var/lib/dpkg of its own, which it may change. */
export const hasOwnEtc: boolean = process.env[marker] !== undefined;

/**
 * Runs the test file again, in a mount namespace where /etc is a copy and /var/lib/dpkg empty: the machine's own accounts and hosts stay as they are.
 * Without root it is skipped.
 */
export async function runWithOwnEtc(t: Test, url: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-own-etc-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const script = 'mount --bind "$1/etc" /etc && mount --bind "$1/dpkg" /var/lib/dpkg && shift && exec "$@"';
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    execFileSync('cp', ['--archive', '/etc', join(directory, 'etc')]);
    execFileSync('mkdir', [join(directory, 'dpkg')]);
  } catch {
    return void t.pass('a mount namespace needs root', { skip: 'a mount namespace needs root' });
  }
  const command = [directory, process.execPath, ...process.execArgv, fileURLToPath(url)];
  await t.spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], {
    env: { ...process.env, [marker]: '1' },
  });
}

/** Everything that a step may change, as a text: files below the directory, accounts, hosts, units. */
export function hostSnapshot(directory: string): string {
  const lines: string[] = [];
  const visit = (path: string) => {
    const { mode, uid, gid } = lstatSync(path);
    const kind = lstatSync(path);
    const what = kind.isSymbolicLink()
      ? readlinkSync(path)
      : kind.isFile()
        ? readFileSync(path, 'latin1')
        : '';
    lines.push(`${path} ${mode.toString(8)} ${uid}:${gid} ${JSON.stringify(what)}`);
    if (kind.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  visit(directory);
  visit('/etc/systemd/system');
  const etc = ['passwd', 'group', 'shadow', 'gshadow', 'hosts'];
  return [...lines, ...etc.map((name) => readFileSync(`/etc/${name}`, 'utf8'))].join('\n');
}
