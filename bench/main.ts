import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { footprint } from './footprint.js';
import type { Report } from './report.js';
import { formatReport } from './report.js';

/** What every benchmark is given. */
export interface BenchOptions {
  /** How long to measure; each benchmark has its own default. */
  readonly seconds: number | undefined;
  readonly version: string;
  progress(text: string): void;
}

const benchmarks: Readonly<
  Record<string, { summary: string; run: (options: BenchOptions) => Promise<Report> }>
> = {
  footprint: {
    summary: 'memory and processor of idle agents, beside a bare Node (5 minutes; --seconds N)',
    run: footprint,
  },
};

const root = new URL('../..', import.meta.url).pathname;
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, seconds: { type: 'string' } },
});
const name = positionals[0];
const benchmark = name === undefined ? undefined : benchmarks[name];
if (benchmark === undefined) {
  const list = Object.entries(benchmarks).map(([key, { summary }]) => `  ${key.padEnd(12)} ${summary}\n`);
  process.stderr.write(
    `${name === undefined ? '' : `There is no benchmark "${name}". `}npm run bench -- NAME [--json]\n${list.join('')}`,
  );
  process.exitCode = name === undefined ? 0 : 2;
} else {
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
  const report = await benchmark.run({
    seconds: flags.seconds === undefined ? undefined : Number(flags.seconds),
    version,
    progress: (text) => process.stderr.write(`${text}\n`),
  });
  process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
}
