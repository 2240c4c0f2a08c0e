// Installs Debian packages that aren't there: `node scripts/debian-packages.mjs NAME...`. Only their programs are
// wanted: none of their services is started. Prints what is missing and exits with 1 when it can't install it.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

const policy = '/usr/sbin/policy-rc.d';

/** Those of the packages that aren't installed. */
export function missingPackages(names) {
  return names.filter((name) => {
    const { stdout } = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' });
    return !/^Status: install ok installed$/m.test(stdout ?? '');
  });
}

/** Installs those that are missing. Returns what is missing still, with the reason. */
export function installPackages(names) {
  const missing = missingPackages(names);
  if (missing.length === 0) return undefined;
  const command = `apt-get install ${missing.join(' ')}`;
  if (spawnSync('apt-get', ['--version']).status !== 0) return `this needs Debian: ${command}`;
  if (process.getuid() !== 0) return `missing Debian packages; as root: ${command}`;
  console.error(`Installing Debian packages: ${missing.join(' ')} ...`);
  const failure = withoutServices(() => apt(['update']) ?? apt(['install', ...missing]));
  return failure === undefined ? undefined : `${command} failed: ${failure}`;
}

/** Debian's way to keep package installation from starting services; one that is there already stays. */
function withoutServices(action) {
  const own = !existsSync(policy);
  if (own) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return action();
  } finally {
    if (own) rmSync(policy, { force: true });
  }
}

function apt(args) {
  const options = ['-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const { status, stdout, stderr } = spawnSync('apt-get', [...options, ...args], { encoding: 'utf8', env });
  return status === 0 ? undefined : `${stdout}${stderr}`.trim().split('\n').slice(-15).join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const problem = installPackages(process.argv.slice(2));
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 1;
  }
}
