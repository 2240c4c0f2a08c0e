import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { crc32 } from '../core/wire/crc32.js';
import { bytesOfHex, CORPUS_FILE, type CorpusEntry, hexOfBytes, readCorpus } from './corpus.js';
import type { Crash } from './fuzzer.js';
import { growCorpus } from './grow.js';
import { Run, type RunOptions, type RunReport } from './run.js';
import { SocketFuzzer } from './socket-fuzzer.js';
import { DOORS } from './targets.js';
import { tryDoor } from './try-door.js';

const USAGE = `npm run fuzz -- [--seconds 30] [--seed N] [--target packets|streams|state|sockets|all] [--json]
npm run fuzz -- --replay FILE   runs one failing case again
npm run fuzz -- --grow          adds inputs with new outcomes to the corpus at the end
Exit status: 0 no crash, 1 crashes, 2 wrong usage.
`;

/** Failing cases are written here. */
const CRASHES = 'out/fuzz';

function flags() {
  return parseArgs({
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string', default: `${Math.floor(Date.now() / 1000)}` },
      target: { type: 'string', default: 'all' },
      json: { type: 'boolean', default: false },
      replay: { type: 'string' },
      grow: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

const isTarget = (text: string): text is RunOptions['target'] =>
  ['packets', 'streams', 'state', 'sockets', 'all'].includes(text);

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function lineOf(report: RunReport): string {
  const all = Object.values(report.cases).reduce((sum, count) => sum + count, 0);
  const each = Object.entries(report.cases).map(([name, count]) => `${name} ${count}`);
  return `${report.seconds} s, seed ${report.seed}: ${all} cases (${each.join(', ')}), ${report.crashes} crashes, slowest ${report.slowestMs} ms (${report.slowestDoor}), peak memory ${report.peakMiB} MiB`;
}

/** Writes a failing case to a file and says how to run it again. */
function keep(crash: Crash, seed: number): void {
  mkdirSync(CRASHES, { recursive: true });
  const file = `${CRASHES}/${crash.door}-${crc32(crash.bytes).toString(16)}.json`;
  const entry: CorpusEntry = { door: crash.door, what: crash.why, hex: hexOfBytes(crash.bytes) };
  writeFileSync(file, `${JSON.stringify(entry, null, 2)}\n`);
  say(`crash at ${crash.door}, ${crash.bytes.length} bytes: ${crash.why}`);
  say(`  npm run fuzz -- ${DOORS.has(crash.door) ? `--replay ${file}` : `--target sockets --seed ${seed}`}`);
}

function replay(file: string): number {
  const { door: name, hex } = JSON.parse(readFileSync(file, 'utf8')) as CorpusEntry;
  const door = DOORS.get(name);
  if (!door) {
    say(`there is no door '${name}', expected one of ${[...DOORS.keys()].join(', ')}`);
    return 2;
  }
  const bytes = bytesOfHex(hex);
  const trial = tryDoor(door, bytes);
  say('failure' in trial ? trial.failure : `${trial.outcome}, in ${trial.ms.toFixed(1)} ms`);
  if (!('failure' in trial)) return 0;
  door.open(bytes);
  return 1;
}

async function run(options: RunOptions, json: boolean, grow: boolean): Promise<number> {
  const wanted = options.target === 'sockets' || options.target === 'all';
  const sockets = wanted ? await SocketFuzzer.start(options.seed) : undefined;
  const fuzzing = new Run(options, sockets);
  const report = await fuzzing.finish();
  if (grow) {
    const entries = growCorpus(
      readCorpus(),
      [...fuzzing.fuzzers.values()].flatMap((f) => [...f.kept()]),
    );
    writeFileSync(CORPUS_FILE, `${JSON.stringify(entries, null, 2)}\n`);
    say(`the corpus has ${entries.length} inputs`);
  }
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${lineOf(report)}\n`);
  return report.crashes > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const { seconds, seed, target, json, replay: file, grow, help } = flags();
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (file !== undefined) return replay(file);
  const numbers = { seconds: Number(seconds), seed: Number(seed) };
  if (!(numbers.seconds > 0) || !Number.isSafeInteger(numbers.seed) || !isTarget(target)) {
    say(USAGE);
    return 2;
  }
  const progress = (report: RunReport): void => say(lineOf(report));
  return run(
    { ...numbers, target, crashed: (crash: Crash) => keep(crash, numbers.seed), progress },
    json,
    grow,
  );
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = error instanceof TypeError && 'code' in error && `${error.code}`.startsWith('ERR_PARSE_ARGS');
  say(usage ? `${error.message}\n${USAGE}` : `${error instanceof Error ? error.stack : error}`);
  process.exitCode = usage ? 2 : 1;
}
