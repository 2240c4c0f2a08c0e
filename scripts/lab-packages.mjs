// Makes the packages that the lab installs, when an input has changed: as `npm run package` does, but in a place of their own, because they count the
// licenses of the lab's own vendor.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const { writeLabKeys } = await import(join(root, 'test/dist/lab/license.js'));
const { packagesDirectory } = await import(join(root, 'test/dist/lab/shoal.js'));

const keys = await writeLabKeys();
const args = ['scripts/package.mjs', '--if-stale', '--no-build', '--out', packagesDirectory()];
const { status } = spawnSync(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SHOAL_LICENSE_KEYS: keys },
});
process.exitCode = status ?? 1;
