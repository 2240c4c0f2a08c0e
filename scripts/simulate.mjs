// `npm run simulate -- COMMAND`: compiles, then runs the simulator of the gossip; `--help` lists what it can do.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const root = new URL('..', import.meta.url).pathname;
// A world of ten thousand nodes needs some gigabytes; smaller ones take no more for it.
const simulator = ['--max-old-space-size=12288', 'packages/gossip/dist/sim/cli/main.js'];
for (const args of [['scripts/setup.mjs'], [...simulator, ...process.argv.slice(2)]]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
