import { join } from 'node:path';
import { ProcessSupervisor } from './process-supervisor.js';
import type { ProcessSpec } from './supervisor.js';

/** Started by a test as an agent of its own, to be killed: supervises one process, prints its lines, and stays. */
const { directory, spec } = JSON.parse(process.argv[2] ?? '') as { directory: string; spec: ProcessSpec };
const listener = {
  processOutput: (_: string, line: string) => process.stdout.write(`${line}\n`),
  processChanged: () => {},
};
const supervisor = new ProcessSupervisor({ directory: join(directory, 'run'), listener });
await supervisor.start(spec);
setInterval(() => {}, 1000);
