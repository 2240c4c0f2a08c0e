#!/usr/bin/env node
import { endWithReader } from './broken-pipe.js';
import { run } from './run.js';

endWithReader();
process.exitCode = await run(process.argv.slice(2), {
  result: (text) => process.stdout.write(text),
  progress: (text) => process.stderr.write(`${text}\n`),
});
