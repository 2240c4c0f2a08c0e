// A load generator as a process of its own: `node program.js OPTIONS`, options as JSON (LoadOptions). It ends when its
// input does, and prints the report as JSON.
import { Generator } from './generator.js';
import type { LoadOptions } from './report.js';

const generator = new Generator(JSON.parse(process.argv[2] ?? '{}') as LoadOptions);
process.stdin.resume().on('end', async () => {
  process.stdout.write(JSON.stringify(await generator.stop()), () => process.exit(0));
});
