// `npm run simulate -- COMMAND`: compiles, then runs the simulator of the gossip, or with `lease` that of leases; `--help` lists what each can do.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const root = new URL('..', import.meta.url).pathname;
// A world of ten thousand nodes needs some gigabytes; smaller ones take no more for it.
const gossip = ['--max-old-space-size=12288', 'packages/gossip/dist/sim/cli/main.js'];
const lease = ['packages/agent/dist/lease/sim/main.js'];
const asked = process.argv.slice(2);
const simulator = asked[0] === 'lease' ? [...lease, ...asked.slice(1)] : [...gossip, ...asked];
for (const args of [['scripts/setup.mjs'], simulator]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
