// `npm run bench -- NAME [--json] [--seconds N]`: compiles, then runs one benchmark; without a name it lists them.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const root = new URL('..', import.meta.url).pathname;
for (const args of [['scripts/setup.mjs'], ['bench/dist/main.js', ...process.argv.slice(2)]]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
