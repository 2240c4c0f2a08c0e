// The part of the gossip benchmarks that runs isolated; see gossip-isolation.ts.
import { execFileSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { measureComparison } from './gossip-comparison.js';
import type { GossipInput } from './gossip-setup.js';
import { measureStress } from './gossip-stress-run.js';

const measures = { comparison: measureComparison, stress: measureStress };

const lines = createInterface({ input: process.stdin });
lines.once('close', () => process.exit(1));
process.once('SIGINT', () => process.exit(1));
process.once('SIGTERM', () => process.exit(1));
lines.once('line', (line) => {
  const input = JSON.parse(line) as GossipInput & { kind: keyof typeof measures };
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  measures[input.kind](input, (text) => process.stderr.write(`${text}\n`)).then(
    (result) => process.stdout.write(JSON.stringify(result), () => process.exit()),
    (error: Error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
