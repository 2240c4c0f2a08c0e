// The program that tests run as KrakenD: `node scripts/krakend.mjs [--install] [--packages DIR]`. Prints its path as JSON,
// {"path", "standIn"}: the krakend that SHOAL_KRAKEND names, else the stand-in of test/interop/krakend-stand-in,
// compiled where it's missing (--install: with Debian's Go where there is none). With --packages, a package repository
// with two versions of a Debian package krakend around it is made in DIR.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compileGo, goRelease } from './go-program.mjs';

const root = join(import.meta.dirname, '..');
const sources = join(root, 'test/interop/krakend-stand-in');
/** An upgrade goes from the first to the second. */
const versions = ['2.13.7', '2.13.8'];

const { values: flags } = parseArgs({
  options: { install: { type: 'boolean', default: false }, packages: { type: 'string' } },
});

try {
  const given = process.env.SHOAL_KRAKEND;
  if (given !== undefined && !existsSync(given)) throw new Error(`SHOAL_KRAKEND: ${given} doesn't exist`);
  const programs = versions.map((version) => given ?? standIn(version));
  if (flags.packages !== undefined) repository(resolve(flags.packages), programs);
  console.log(JSON.stringify({ path: programs.at(-1), standIn: given === undefined }));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function standIn(version) {
  goRelease({ install: flags.install, oldest: 19 });
  return compileGo({
    sources,
    output: join(root, `out/krakend/krakend-${version}`),
    what: `the stand-in for KrakenD ${version}`,
    args: ['-ldflags', `-s -w -X main.version=${version}`],
  });
}

/** A flat repository, as the hosts of the lab have one. */
function repository(directory, programs) {
  const stamp = join(directory, '.programs');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === programs.join()) return;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [index, version] of versions.entries()) debian(directory, `${version}-1`, programs[index]);
  const index = execFileSync('dpkg-scanpackages', ['-m', '.'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  writeFileSync(join(directory, 'Packages'), index);
  writeFileSync(stamp, programs.join());
}

/** A package like the vendor's: the program, its unit, its user; nothing is started by installing it. */
function debian(directory, version, program) {
  const tree = join(directory, 'tree');
  for (const folder of ['DEBIAN', 'usr/bin', 'lib/systemd/system', 'etc/krakend']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  copyFileSync(program, join(tree, 'usr/bin/krakend'));
  const files = {
    'DEBIAN/control': `Package: krakend
Version: ${version}
Architecture: amd64
Maintainer: Shoal's tests <tests@shoal.invalid>
Depends: adduser
Description: API gateway, or what stands for it in tests
`,
    'DEBIAN/preinst': `#!/bin/sh
set -e
getent passwd krakend > /dev/null || adduser --system --no-create-home --shell /bin/false --quiet krakend
`,
    'lib/systemd/system/krakend.service': `[Unit]
Description=KrakenD API gateway
After=network.target

[Service]
User=krakend
ExecStart=/usr/bin/krakend run -c /etc/krakend/krakend.json
KillMode=process

[Install]
WantedBy=multi-user.target
`,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(tree, name), text, { mode: name.endsWith('preinst') ? 0o755 : 0o644 });
  }
  const deb = join(directory, `krakend_${version}_amd64.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', tree, deb], { stdio: 'ignore' });
  rmSync(tree, { recursive: true });
}
