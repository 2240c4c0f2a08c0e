import { readFile } from 'node:fs/promises';
import { type BenchFlags, readArguments, UsageError } from './arguments.js';
import { compareBalancers } from './balancers.js';
import { compareChange } from './change.js';
import { footprint } from './footprint.js';
import { gossip } from './gossip.js';
import { gossipStress } from './gossip-stress.js';
import { propagation } from './propagation.js';
import type { Report } from './report.js';
import { formatReport } from './report.js';

/** What every benchmark is given. */
export interface BenchOptions extends BenchFlags {
  readonly version: string;
  progress(text: string): void;
}

interface Benchmark {
  readonly summary: string;
  /** Those that it heeds. */
  readonly options: readonly (keyof BenchFlags)[];
  run(options: BenchOptions): Promise<Report>;
}

const clusterFlags = '--nodes N, --profile lan|wan|local, --encrypted, --seed N';
const clusterOptions = ['nodes', 'profile', 'encrypted', 'seed', 'seconds'] as const;

const benchmarks: Readonly<Record<string, Benchmark>> = {
  balancers: {
    summary:
      'requests that fail while members drain and configurations change, HAProxy beside nginx (4 minutes; --trials N)',
    options: ['trials'],
    run: compareBalancers,
  },
  change: {
    summary:
      'a changed configuration on five real hosts, beside Ansible and Salt (10 minutes, root; --trials N)',
    options: ['trials'],
    run: compareChange,
  },
  footprint: {
    summary: 'memory and processor of idle agents, beside a bare Node (5 minutes; --seconds N)',
    options: ['seconds'],
    run: footprint,
  },
  gossip: {
    summary: `detection of failures and cost of idleness beside real serf agents (8 minutes; ${clusterFlags}, --trials N, --seconds N idle)`,
    options: [...clusterOptions, 'trials'],
    run: gossip,
  },
  'gossip-stress': {
    summary: `false deaths under stress beside real serf agents (10 minutes; ${clusterFlags}, --seconds N)`,
    options: clusterOptions,
    run: gossipStress,
  },
  propagation: {
    summary:
      'a commit until all of 1,000 agents have acknowledged it, beside watches of etcd (3 minutes; --nodes N, --trials N commits)',
    options: ['nodes', 'trials'],
    run: propagation,
  },
};

const root = new URL('../..', import.meta.url).pathname;

async function main(args: string[]): Promise<void> {
  const known = Object.entries(benchmarks).map(([name, { options }]) => [name, options] as const);
  const { name, flags, json } = readArguments(args, Object.fromEntries(known));
  const benchmark = name === undefined ? undefined : benchmarks[name];
  if (benchmark === undefined) {
    const list = Object.entries(benchmarks).map(([key, { summary }]) => `  ${key.padEnd(13)}  ${summary}\n`);
    process.stdout.write(`npm run bench -- NAME [--json]\n${list.join('')}`);
    return;
  }
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const report = await benchmark.run({ ...flags, version, progress });
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
