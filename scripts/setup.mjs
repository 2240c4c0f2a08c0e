// Makes a fresh clone ready: installs the npm packages when they are missing or stale, compiles, builds the console.
// `--test` also checks what must not drift (generated types, format and lint) before the tests run.
// SHOAL_LICENSE_KEYS=FILE: whose licenses count in what is compiled here, as in packages: a list that `shoal license keygen --trust FILE` made.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { digestOf } from './digest.mjs';
import { placeLicenseKeys } from './package/license-keys.mjs';

const root = new URL('..', import.meta.url).pathname;
const forTests = process.argv.includes('--test');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  fail(`Shoal needs Node 20.20 or newer; this is ${process.versions.node}.`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function run(what, command, args) {
  process.stderr.write(`${what} ...\n`);
  const started = Date.now();
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n`);
    fail(`${what}: failed`);
  }
  process.stderr.write(`${what}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Runs `action` unless the stamp of an earlier run holds the same digest. */
function once(name, digest, isThere, action) {
  const stamp = join(root, 'node_modules/.cache/shoal', name);
  if (isThere && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  action();
  mkdirSync(join(stamp, '..'), { recursive: true });
  writeFileSync(stamp, digest);
}

const bin = (name) => join(root, 'node_modules/.bin', name);

once(
  'install',
  digestOf(root, ['package-lock.json'], process.version),
  existsSync(join(root, 'node_modules')),
  () => run('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']),
);
run('Compiling', bin('tsc'), ['-b']);
const licenseKeys = await placeLicenseKeys().catch(({ message }) => fail(message));
if (licenseKeys !== undefined) process.stderr.write(`${licenseKeys}\n`);
once(
  'console',
  digestOf(root, ['packages/console', 'packages/common/src/api', 'package-lock.json']),
  existsSync(join(root, 'packages/console/dist/index.html')),
  () => run('Building the console', 'npm', ['run', 'build', '--workspace', '@shoal/console']),
);

if (forTests) {
  // What tests of the last run worked in.
  rmSync(join(root, '.tap/fixtures'), { recursive: true, force: true });
  run('Checking generated types', process.execPath, ['scripts/generate-proto.mjs', '--check']);
  run('Checking the console types', bin('tsc'), ['-p', 'packages/console']);
  run('Checking format and lint', bin('biome'), ['check', '--error-on-warnings', '.']);
  once('tap', digestOf(root, ['package-lock.json', '.taprc']), existsSync(join(root, '.tap')), () =>
    run('Preparing the test runner', bin('tap'), ['build']),
  );
}
