// `npm run fuzz -- [--seconds 30] [--seed N] [--target NAME] [--json]`: compiles, then fuzzes the gossip's input.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const root = new URL('..', import.meta.url).pathname;
const fuzz = ['packages/gossip/dist/fuzz/main.js', ...process.argv.slice(2)];
for (const args of [['scripts/setup.mjs'], fuzz]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
