import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from './command.js';
import { waitFor } from './wait-for.js';

/** The recipe of the base: a change of it makes another base, beside the old one. */
const recipe = {
  version: 4,
  suite: 'bookworm',
  /** Installed on each host. */
  installed:
    'systemd,systemd-sysv,dbus,iproute2,iputils-ping,ca-certificates,curl,procps,adduser,init-system-helpers',
  /** Not installed, but in each host's own package repository, with all that they depend on. */
  offline: ['nginx', 'haproxy', 'socat', 'openssh-server', 'openssh-client', 'python3', 'ansible-core'],
  /** Of no use on a host without screen, network configuration or calendar; they only lengthen the boot. */
  masked: [
    'getty.target console-getty.service systemd-firstboot.service systemd-pstore.service e2scrub_reap.service',
    'apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer',
  ],
};

/** The directory for the base and the disks of runs: `SHOAL_LAB_CACHE`, or `.lab` in the repository. */
export function cacheDirectory(): string {
  return resolve(process.env['SHOAL_LAB_CACHE'] ?? join(import.meta.dirname, '..', '..', '..', '.lab'));
}

/**
 * The directory with the file system that all hosts start from; the first call builds it, which takes about a minute
 * and the network. Processes that ask at the same time wait for one build.
 * @throws Error when the build fails (not root, a tool is missing, no network).
 */
export async function ensureBase(log: (line: string) => void = () => {}): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  const base = join(cacheDirectory(), `base-${key}`);
  if (existsSync(base)) return base;
  mkdirSync(cacheDirectory(), { recursive: true });
  const lock = `${base}.lock`;
  const owned = await waitFor(() => (existsSync(base) ? 'ready' : takeLock(lock) && 'mine'), {
    what: `another process to finish building the lab's base (${lock})`,
    timeoutMs: 600_000,
  });
  if (owned === 'ready') return base;
  try {
    if (!existsSync(base)) await build(base, log);
    return base;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A lock is a file with the pid of its owner; the lock of a dead owner is free. */
function takeLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const owner = Number(readFileSync(path, 'utf8'));
    const fresh = Date.now() - statSync(path).mtimeMs < 5_000;
    if (!fresh && !existsSync(`/proc/${owner}`)) rmSync(path, { force: true });
    return false;
  }
}

async function build(base: string, log: (line: string) => void): Promise<void> {
  const tree = `${base}.partial`;
  // Of a build that was broken off; debootstrap mounts these.
  for (const mount of ['proc', 'sys']) await run(['umount', '--lazy', join(tree, mount)], { check: false });
  await run(['rm', '-rf', '--one-file-system', tree]);
  const step = async (title: string, ...argv: string[]): Promise<string> => {
    log(title);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
    return (await run(argv, { timeoutMs: 600_000, env })).stdout;
  };
  await step(
    `Building a Debian ${recipe.suite} host in ${base} (once)`,
    'debootstrap',
    '--variant=minbase',
    `--include=${recipe.installed}`,
    recipe.suite,
    tree,
  );
  await fillRepository(tree, step);
  configure(tree);
  const chroot = (...argv: string[]): Promise<string> => step(argv.join(' '), 'chroot', tree, ...argv);
  await chroot('apt-get', 'update', '-q');
  await chroot('systemctl', 'mask', ...recipe.masked.flatMap((units) => units.split(' ')));
  renameSync(tree, base);
}

/** Puts the offline packages into a flat repository inside the tree, the only one that its apt knows from then on. */
async function fillRepository(
  tree: string,
  step: (title: string, ...argv: string[]) => Promise<string>,
): Promise<void> {
  const apt = ['chroot', tree, 'apt-get', '-q', '-y', '--no-install-recommends'];
  await step('Fetching its package lists', ...apt, 'update');
  await step(`Fetching ${recipe.offline.join(' ')}`, ...apt, 'install', '--download-only', ...recipe.offline);
  const repository = join(tree, 'opt', 'debs');
  mkdirSync(repository, { recursive: true });
  const archives = join(tree, 'var', 'cache', 'apt', 'archives');
  for (const name of readdirSync(archives).filter((file) => file.endsWith('.deb'))) {
    renameSync(join(archives, name), join(repository, name));
  }
  const index = await step(
    'Indexing them',
    'sh',
    '-c',
    'cd "$1" && dpkg-scanpackages -m .',
    'sh',
    repository,
  );
  writeFileSync(join(repository, 'Packages'), index);
  rmSync(join(tree, 'etc', 'resolv.conf'), { force: true });
  for (const stale of ['var/lib/apt/lists', 'var/cache/apt', 'usr/share/locale', 'usr/share/man']) {
    rmSync(join(tree, stale), { recursive: true, force: true });
    mkdirSync(join(tree, stale), { recursive: true });
  }
  mkdirSync(join(tree, 'var/cache/apt/archives/partial'), { recursive: true });
  mkdirSync(join(tree, 'var/lib/apt/lists/partial'), { recursive: true });
}

function configure(tree: string): void {
  const files: Record<string, string> = {
    'etc/apt/sources.list': 'deb [trusted=yes] file:/opt/debs ./\n',
    'etc/apt/apt.conf.d/90lab': 'APT::Install-Recommends "false";\nAPT::Sandbox::User "root";\n',
    // Filled in for each host; without a line here the first boot would ask for a locale, a zone and so on.
    'etc/machine-id': '',
    'etc/resolv.conf': '',
    'etc/fstab': '',
  };
  for (const [path, content] of Object.entries(files)) writeFileSync(join(tree, path), content);
  // The journal outlives a power cut, as on an installed host.
  mkdirSync(join(tree, 'var', 'log', 'journal'), { recursive: true });
}
