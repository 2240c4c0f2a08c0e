import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.mjs';

const maintainerScripts = ['preinst', 'postinst', 'prerm', 'postrm'];
const architectures = { x64: 'amd64', arm64: 'arm64' };

/** `1.2.0-rc.1` → `1.2.0~rc.1`, which Debian sorts before `1.2.0`. */
export function debianVersion(version) {
  if (!/^\d+\.\d+\.\d+[\w.~+-]*$/.test(version)) throw new Error(`not a version: "${version}"`);
  return version.replace('-', '~');
}

/** Makes one .deb of a staged tree and the files in deploy/debian/<name>. Returns its path. */
export function buildDeb({ name, tree, version, date, out }) {
  const architecture = architectures[process.arch];
  if (architecture === undefined) throw new Error(`no Debian architecture known for "${process.arch}"`);
  const files = filesBelow(tree, '');
  writeControl({ name, tree, version, architecture, files });
  settle(tree, date);
  const deb = join(out, `${name}_${version}_${architecture}.deb`);
  // Level 9 takes 3 s for a Node runtime; the highest saves an eighth and takes 40.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zzstd', '-z9', '--build', tree, deb], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(date) },
  });
  return deb;
}

function writeControl({ name, tree, version, architecture, files }) {
  const source = join(root, 'deploy', 'debian', name);
  const target = join(tree, 'DEBIAN');
  mkdirSync(target, { mode: 0o755 });
  const kilobytes = files.reduce((sum, path) => sum + Math.ceil(statSync(join(tree, path)).size / 1024), 0);
  const control = readFileSync(join(source, 'control'), 'utf8')
    .replaceAll('@VERSION@', version)
    .replaceAll('@ARCHITECTURE@', architecture)
    .replaceAll('@SIZE@', String(kilobytes));
  writeFileSync(join(target, 'control'), control);
  const conffiles = files.filter((path) => path.startsWith('etc/')).map((path) => `/${path}\n`);
  if (conffiles.length > 0) writeFileSync(join(target, 'conffiles'), conffiles.join(''));
  const sums = files
    .filter((path) => !path.startsWith('etc/'))
    .map((path) => `${md5(join(tree, path))}  ${path}\n`);
  writeFileSync(join(target, 'md5sums'), sums.join(''));
  for (const script of maintainerScripts.filter((file) => existsSync(join(source, file)))) {
    writeFileSync(join(target, script), readFileSync(join(source, script)), { mode: 0o755 });
  }
}

/** Gives all of a tree one time, and plain modes to what a repository's checkout may have left otherwise. */
function settle(directory, date) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) settle(path, date);
    else if (entry.isFile()) chmodSync(path, fileMode(path));
    lutimesSync(path, date, date);
  }
  const closed = (statSync(directory).mode & 0o077) === 0;
  chmodSync(directory, closed ? 0o700 : 0o755);
}

function fileMode(path) {
  const mode = statSync(path).mode & 0o777;
  if (mode === 0o600 || mode === 0o640) return mode;
  return mode & 0o100 ? 0o755 : 0o644;
}

function filesBelow(tree, directory) {
  return readdirSync(join(tree, directory), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(tree, path) : [path];
    });
}

function md5(path) {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}
