// Makes the Debian packages: `npm run package` -> out/*.deb.
//
//   --if-stale   do nothing when no input has changed since the last run
//   --no-build   take packages/*/dist as it is
//   --out DIR    write there instead of out/
//   SHOAL_PACKAGE_VERSION=1.2.3   another version than package.json's, for trying upgrades
//   SHOAL_LICENSE_KEYS=FILE       whose licenses count in this build: a list that `shoal license keygen --trust FILE` made
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDeb, debianVersion } from './package/deb.mjs';
import { inputsDigest } from './package/inputs.mjs';
import { licenseKeysFile, readLicenseKeys, UnusableLicenseKeys } from './package/license-keys.mjs';
import { root, sourceDate } from './package/repository.mjs';
import { stageAgent, stageCommand, stageController } from './package/stages.mjs';

const { values: flags } = parseArgs({
  options: {
    'if-stale': { type: 'boolean' },
    'no-build': { type: 'boolean' },
    out: { type: 'string', default: join(root, 'out') },
  },
});

// The modes in the packages are those asked for, whoever makes them.
process.umask(0o022);

const out = resolve(flags.out);
const version = debianVersion(
  process.env.SHOAL_PACKAGE_VERSION ?? JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
);
const stamp = join(out, '.inputs');

try {
  const digest = inputsDigest(version, readFileSync(licenseKeysFile(), 'utf8'));
  if (flags['if-stale'] && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) {
    console.log(`Packages in ${out} are up to date (${version}).`);
  } else {
    await make(digest);
  }
} catch (error) {
  if (!(error instanceof UnusableLicenseKeys)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function make(digest) {
  if (!flags['no-build']) execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  const licenseKeys = await readLicenseKeys();
  console.log(licenseKeys.summary);
  const staging = join(out, 'staging');
  // Of an earlier run; what others keep there stays.
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  for (const name of readdirSync(out)) {
    if (name.endsWith('.deb') || name === '.inputs') rmSync(join(out, name));
  }
  const date = sourceDate();
  for (const stage of [stageCommand, stageAgent, stageController]) {
    const { name, tree } = await stage({ directory: staging, version, licenseKeys: licenseKeys.text });
    console.log(buildDeb({ name, tree, version, date, out }));
  }
  rmSync(staging, { recursive: true });
  writeFileSync(stamp, digest);
}
