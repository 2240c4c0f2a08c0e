// `node code-cache.mjs DIRECTORY`: runs the command that was put into this directory once, and keeps its compiled code beside it; run again, it ends with an error
// when that isn't used.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const directory = resolve(process.argv[2] ?? '.');
const starter = join(directory, 'shoal.cjs');
// It fails for want of credentials, after having loaded whatever commands need.
process.argv = [process.execPath, starter, 'revision', 'ls', '--credentials', join(directory, 'none.json')];
const code = join(directory, 'shoal-program.cjs.code');
const isMade = existsSync(code);
const { compiled, wasCompiled } = createRequire(import.meta.url)(starter);
process.on('exit', () => {
  if (!isMade) writeFileSync(code, compiled());
  process.exitCode = isMade && !wasCompiled ? 1 : 0;
});
