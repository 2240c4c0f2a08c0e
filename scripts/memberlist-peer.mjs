// Compiles test/interop/memberlist-peer: `node scripts/memberlist-peer.mjs [--install]`. Prints the compiled programs
// as JSON, {"older": {"version", "path"}, "newer": {"version", "path"}}, or says what is missing and exits with 1.
// With --install, Debian's Go is installed where there is none.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages } from './debian-packages.mjs';

const root = join(import.meta.dirname, '..');
const sources = join(root, 'test/interop/memberlist-peer');
const output = join(root, 'out/memberlist-peer');

/** The versions of memberlist and the Go release that each needs: minor version of Go 1. */
const older = { version: '0.5.0', modfile: 'go.mod', go: 19 };
const newer = [
  { version: '0.7.0', modfile: 'memberlist-0.7.0.mod', go: 25 },
  { version: '0.5.3', modfile: 'memberlist-0.5.3.mod', go: 19 },
];

try {
  console.log(JSON.stringify(buildAll(process.argv.includes('--install'))));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function buildAll(install) {
  if (goRelease() === undefined && install) {
    const problem = installPackages(['golang-go']);
    if (problem !== undefined) throw new Error(problem);
  }
  const release = goRelease();
  if (release === undefined) throw new Error('Go is not installed: apt-get install golang-go');
  const newest = newer.find(({ go }) => go <= release);
  if (newest === undefined) throw new Error(`Go 1.${release} is too old, 1.${older.go} is needed`);
  return { older: build(older), newer: build(newest) };
}

/** The minor version of the Go that is installed. */
function goRelease() {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  const minor = /go1\.(\d+)/.exec(stdout ?? '')?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** Compiles against one version of memberlist, unless that was done before from the same sources. */
function build({ version, modfile }) {
  const path = join(output, `memberlist-peer-${version}-${digest()}`);
  if (!existsSync(path)) {
    mkdirSync(output, { recursive: true });
    console.error(`Compiling the memberlist ${version} peer ...`);
    // Under another name first: a test that runs at the same time must not find half a program.
    const unfinished = `${path}.${process.pid}`;
    // The Go that is there, and the versions that go.sum vouches for; nothing else is downloaded.
    const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' };
    const args = ['build', `-modfile=${modfile}`, '-buildvcs=false', '-trimpath', '-o', unfinished, '.'];
    const result = spawnSync('go', args, { cwd: sources, encoding: 'utf8', env });
    if (result.status !== 0) throw new Error(`go ${args.join(' ')} failed: ${result.stderr}`);
    renameSync(unfinished, path);
  }
  return { version, path };
}

function digest() {
  const hash = createHash('sha256');
  for (const name of readdirSync(sources).sort()) {
    if (name !== 'README.md') hash.update(name).update(readFileSync(join(sources, name)));
  }
  return hash.digest('hex').slice(0, 12);
}
