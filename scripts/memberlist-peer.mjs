// Compiles test/interop/memberlist-peer: `node scripts/memberlist-peer.mjs [--install]`. Prints the compiled programs
// as JSON, {"older": {"version", "path"}, "newer": {"version", "path"}}, or says what is missing and exits with 1.
// With --install, Debian's Go is installed where there is none.
import { join } from 'node:path';
import { compileGo, goRelease } from './go-program.mjs';

const root = join(import.meta.dirname, '..');

/** The versions of memberlist and the Go release that each needs: minor version of Go 1. */
const older = { version: '0.5.0', modfile: 'go.mod', go: 19 };
const newer = [
  { version: '0.7.0', modfile: 'memberlist-0.7.0.mod', go: 25 },
  { version: '0.5.3', modfile: 'memberlist-0.5.3.mod', go: 19 },
];

try {
  const release = goRelease({ install: process.argv.includes('--install'), oldest: older.go });
  const newest = newer.find(({ go }) => go <= release);
  console.log(JSON.stringify({ older: build(older), newer: build(newest) }));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function build({ version, modfile }) {
  const path = compileGo({
    sources: join(root, 'test/interop/memberlist-peer'),
    output: join(root, `out/memberlist-peer/memberlist-peer-${version}`),
    what: `the memberlist ${version} peer`,
    args: [`-modfile=${modfile}`],
  });
  return { version, path };
}
