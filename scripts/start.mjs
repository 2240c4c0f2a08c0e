// `npm start`: sets a fresh clone up, then runs the demo in this process. Flags are the demo's: npm start -- --reset
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

// The demo prints how long it took until it served, as the user felt it: from here on.
process.env.SHOAL_STARTED_AT = String(Date.now() - process.uptime() * 1000);
const root = join(import.meta.dirname, '..');
const { status } = spawnSync(process.execPath, [join(root, 'scripts/setup.mjs')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
const command = join(root, 'packages/cli/bin/shoal.js');
process.argv = [process.execPath, command, 'demo', ...process.argv.slice(2)];
await import(command);
