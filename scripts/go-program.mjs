// Programs in Go that only tests need: compiled where they are missing, kept below out/.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installPackages } from './debian-packages.mjs';

/** The minor version of the Go 1 that is installed; with `install`, Debian's where there is none. Throws when it's too old. */
export function goRelease({ install, oldest }) {
  if (installedRelease() === undefined && install) {
    const problem = installPackages(['golang-go']);
    if (problem !== undefined) throw new Error(problem);
  }
  const release = installedRelease();
  if (release === undefined) throw new Error('Go is not installed: apt-get install golang-go');
  if (release < oldest) throw new Error(`Go 1.${release} is too old, 1.${oldest} is needed`);
  return release;
}

function installedRelease() {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  const minor = /go1\.(\d+)/.exec(stdout ?? '')?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** The path of a program, compiled from a folder unless that was done before from the same sources. `args`: more for `go build`. */
export function compileGo({ sources, output, what, args }) {
  const path = `${output}-${digestOf(sources)}`;
  if (existsSync(path)) return path;
  mkdirSync(dirname(output), { recursive: true });
  console.error(`Compiling ${what} ...`);
  // Under another name first: a test that runs at the same time must not find half a program.
  const unfinished = `${path}.${process.pid}`;
  // The Go that is there, and the versions that go.sum vouches for; nothing else is downloaded.
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' };
  const command = ['build', ...args, '-buildvcs=false', '-trimpath', '-o', unfinished, '.'];
  const result = spawnSync('go', command, { cwd: sources, encoding: 'utf8', env });
  if (result.status !== 0) throw new Error(`go ${command.join(' ')} failed: ${result.stderr}`);
  renameSync(unfinished, path);
  return path;
}

function digestOf(sources) {
  const hash = createHash('sha256');
  for (const name of readdirSync(sources).sort()) {
    if (name !== 'README.md') hash.update(name).update(readFileSync(join(sources, name)));
  }
  return hash.digest('hex').slice(0, 12);
}
