import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Profile } from '@shoal/gossip';
import { footprint } from './footprint.js';
import { gossip } from './gossip.js';
import { gossipStress } from './gossip-stress.js';
import type { Report } from './report.js';
import { formatReport } from './report.js';

/** What every benchmark is given. */
export interface BenchOptions {
  /** How long to measure; each benchmark has its own default. */
  readonly seconds: number | undefined;
  /** Of those that try something repeatedly: how often. */
  readonly trials: number | undefined;
  /** Of those that start clusters: members of each, settings, whether the gossip is encrypted. */
  readonly nodes: number | undefined;
  readonly profile: Profile | undefined;
  readonly encrypted: boolean;
  /** Of those that leave something to chance: what determines it. */
  readonly seed: number | undefined;
  readonly version: string;
  progress(text: string): void;
}

const clusterFlags = '--nodes N, --profile lan|wan|local, --encrypted, --seed N';

const benchmarks: Readonly<
  Record<string, { summary: string; run: (options: BenchOptions) => Promise<Report> }>
> = {
  footprint: {
    summary: 'memory and processor of idle agents, beside a bare Node (5 minutes; --seconds N)',
    run: footprint,
  },
  gossip: {
    summary: `detection of failures and cost of idleness beside real serf agents (8 minutes; ${clusterFlags}, --trials N, --seconds N idle)`,
    run: gossip,
  },
  'gossip-stress': {
    summary: `false deaths under stress beside real serf agents (10 minutes; ${clusterFlags}, --seconds N)`,
    run: gossipStress,
  },
};

const root = new URL('../..', import.meta.url).pathname;
const settings = {
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    seconds: { type: 'string' },
    trials: { type: 'string' },
    nodes: { type: 'string' },
    profile: { type: 'string' },
    encrypted: { type: 'boolean' },
    seed: { type: 'string' },
  },
} as const;

/** The command line. Ends the process with 2 for a flag that there isn't. */
function readArguments(): ReturnType<typeof parseArgs<typeof settings>> {
  try {
    return parseArgs(settings);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

const { values: flags, positionals } = readArguments();

/** Throws RangeError for what is no positive number. */
function numberFlag(flag: 'seconds' | 'trials' | 'nodes' | 'seed'): number | undefined {
  const text = flags[flag];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new RangeError(`--${flag} is '${text}', expected a number above 0`);
  return value;
}

/** Throws RangeError for a word that names none. */
function profileFlag(): Profile | undefined {
  const text = flags.profile;
  if (text === undefined || text === 'lan' || text === 'wan' || text === 'local') return text;
  throw new RangeError(`--profile is '${text}', expected lan, wan or local`);
}

const name = positionals[0];
const benchmark = name === undefined || flags.help === true ? undefined : benchmarks[name];
if (benchmark === undefined) {
  const isUnknown = name !== undefined && benchmarks[name] === undefined;
  const list = Object.entries(benchmarks).map(([key, { summary }]) => `  ${key.padEnd(12)} ${summary}\n`);
  process.stderr.write(
    `${isUnknown ? `There is no benchmark "${name}". ` : ''}npm run bench -- NAME [--json]\n${list.join('')}`,
  );
  process.exitCode = isUnknown ? 2 : 0;
} else {
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
  const report = await benchmark.run({
    seconds: numberFlag('seconds'),
    trials: numberFlag('trials'),
    nodes: numberFlag('nodes'),
    profile: profileFlag(),
    encrypted: flags.encrypted === true,
    seed: numberFlag('seed'),
    version,
    progress: (text) => process.stderr.write(`${text}\n`),
  });
  process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
}
