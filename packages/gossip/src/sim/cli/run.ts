import { parseArgs } from 'node:util';
import { CHAOS_SIZE } from '../chaos/chaos.js';
import { chaosCommand } from './chaos-command.js';
import type { Output } from './output.js';
import { scaleCommand } from './scale-command.js';
import { percent, UsageError, usageSentence, whole } from './usage.js';

const HELP = `npm run simulate -- COMMAND [OPTIONS]

  chaos    clusters under random faults, judged by invariants
             --seeds N       how many seeds to play (100), from --from N (1)
             --seed N        one seed; with --trace, all that happened in it
             --nodes N       nodes at the start (${CHAOS_SIZE.nodes})
             --seconds N     virtual time of faults (${CHAOS_SIZE.faultsMs / 1000})
             --workers N     threads (one for each processor)
             --death-ms N    judge deaths by this bound instead of the one that the parameters promise
  scale    large clusters with churn: time to detection, traffic, cost
             --nodes N,...   sizes, one after the other (100,1000)
             --minutes N     virtual time (10)
             --seed N        (1)
             --churn P       percent of the nodes that crash or leave each minute, and as many join (1)
             --loss P        percent of all datagrams (1)

  lease    histories of a node's lease; see lease --help

  --json   results as JSON
  --help   this text

Exit code: 0 all invariants held, 1 one was broken, 2 wrong arguments.
`;

const OPTIONS = {
  seeds: { type: 'string' },
  from: { type: 'string' },
  seed: { type: 'string' },
  nodes: { type: 'string' },
  seconds: { type: 'string' },
  minutes: { type: 'string' },
  workers: { type: 'string' },
  churn: { type: 'string' },
  loss: { type: 'string' },
  'death-ms': { type: 'string' },
  trace: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Options of each command; of chaos, some only go with many seeds. */
const MANY_SEEDS = ['seeds', 'from', 'workers'];
const KNOWN: ReadonlyMap<string, readonly string[]> = new Map([
  ['chaos', ['seed', ...MANY_SEEDS, 'nodes', 'seconds', 'death-ms', 'trace', 'json']],
  ['scale', ['nodes', 'minutes', 'seed', 'churn', 'loss', 'json']],
]);

type Flags = ReturnType<typeof parse>['values'];

const parse = (args: string[]) => parseArgs({ args, options: OPTIONS, allowPositionals: true });

/** Runs one command line; the result is the exit code. */
export async function run(args: string[], output: Output): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    if (values.help) {
      output.result(HELP);
      return 0;
    }
    return (await dispatch(positionals, values, output)) ? 0 : 1;
  } catch (error) {
    const sentence = usageSentence(error);
    if (sentence === undefined) throw error;
    output.progress(`${sentence}; --help lists what there is`);
    return 2;
  }
}

async function dispatch(positionals: readonly string[], flags: Flags, output: Output): Promise<boolean> {
  const [command, extra] = positionals;
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`);
  const known = KNOWN.get(command ?? '');
  const unknown = Object.keys(flags).find((flag) => known !== undefined && !known.includes(flag));
  if (unknown !== undefined) throw new UsageError(`${command} has no option --${unknown}`);
  if (command === 'chaos') return chaosCommand(chaosRequest(flags), output);
  if (command === 'scale') return scaleCommand(scaleRequest(flags), output);
  throw new UsageError(command === undefined ? 'no command' : `there is no command "${command}"`);
}

function chaosRequest(flags: Flags): Parameters<typeof chaosCommand>[0] {
  const many = Object.keys(flags).find((flag) => MANY_SEEDS.includes(flag));
  if (flags.seed !== undefined && many !== undefined)
    throw new UsageError(`--seed plays one seed, and --${many} is for many`);
  if (flags.trace && flags.seed === undefined)
    throw new UsageError('--trace needs --seed N, the one to be told');
  if (flags.trace && flags.json) throw new UsageError('--trace is text for people, and has no --json');
  return {
    seed: flags.seed === undefined ? undefined : whole('seed', flags.seed, 0),
    from: whole('from', flags.from ?? '1', 0),
    seeds: whole('seeds', flags.seeds ?? '100', 1),
    workers: flags.workers === undefined ? undefined : whole('workers', flags.workers, 1),
    nodes: whole('nodes', flags.nodes ?? String(CHAOS_SIZE.nodes), 3),
    seconds: whole('seconds', flags.seconds ?? String(CHAOS_SIZE.faultsMs / 1000), 1),
    deathMs: flags['death-ms'] === undefined ? undefined : whole('death-ms', flags['death-ms'], 0),
    trace: flags.trace ?? false,
    json: flags.json ?? false,
  };
}

function scaleRequest(flags: Flags): Parameters<typeof scaleCommand>[0] {
  return {
    sizes: (flags.nodes ?? '100,1000').split(',').map((size) => whole('nodes', size, 3)),
    minutes: whole('minutes', flags.minutes ?? '10', 1),
    seed: whole('seed', flags.seed ?? '1', 0),
    churn: percent('churn', flags.churn ?? '1') / 100,
    loss: percent('loss', flags.loss ?? '1') / 100,
    json: flags.json ?? false,
  };
}
