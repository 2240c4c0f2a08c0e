import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { crc32 } from '../core/wire/crc32.js';
import { endWithReader } from '../sim/cli/broken-pipe.js';
import { positive, UsageError, usageSentence, whole } from '../sim/cli/usage.js';
import { bytesOfHex, CORPUS_FILE, type CorpusEntry, hexOfBytes, readCorpus } from './corpus.js';
import type { Crash } from './fuzzer.js';
import { growCorpus } from './grow.js';
import { isTooLarge, Run, type RunOptions, type RunReport } from './run.js';
import { SocketFuzzer } from './socket-fuzzer.js';
import { DOORS } from './targets.js';
import { tryDoor } from './try-door.js';

const USAGE = `npm run fuzz -- [--seconds 30] [--seed N] [--target packets|streams|state|sockets|all] [--memory 512] [--json]
npm run fuzz -- --replay FILE   runs one failing case again
npm run fuzz -- --grow          adds inputs with new outcomes to the corpus at the end
--memory is the most resident memory that the run may take, in MiB.
Exit status: 0 no crash, 1 crashes or too much memory, 2 wrong usage.
`;

/** Failing cases are written here. */
const CRASHES = 'out/fuzz';

function flags() {
  return parseArgs({
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string', default: `${Math.floor(Date.now() / 1000)}` },
      target: { type: 'string', default: 'all' },
      memory: { type: 'string', default: '512' },
      json: { type: 'boolean', default: false },
      replay: { type: 'string' },
      grow: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

function targetOf(text: string): RunOptions['target'] {
  const target = (['packets', 'streams', 'state', 'sockets', 'all'] as const).find((name) => name === text);
  if (target) return target;
  throw new UsageError(`--target is "${text}", expected packets, streams, state, sockets or all`);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function lineOf(report: RunReport): string {
  const all = Object.values(report.cases).reduce((sum, count) => sum + count, 0);
  const each = Object.entries(report.cases).map(([name, count]) => `${name} ${count}`);
  const slowest = report.slowestDoor === '' ? '' : `slowest ${report.slowestMs} ms (${report.slowestDoor}), `;
  return `${report.seconds} s, seed ${report.seed}: ${all} cases (${each.join(', ')}), ${report.crashes} crashes, ${slowest}peak memory ${report.peakMiB} of at most ${report.memoryMiB} MiB`;
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

/** A failing case from its file. Throws UsageError if there is none in it. */
function readCase(file: string): CorpusEntry {
  try {
    const entry: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isCase(entry)) return entry;
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON' : (error as NodeJS.ErrnoException).code;
    throw new UsageError(`--replay can't read ${file}: ${reason}`);
  }
  throw new UsageError(`--replay finds no failing case in ${file}, expected an object with "door" and "hex"`);
}

function isCase(value: unknown): value is CorpusEntry {
  if (typeof value !== 'object' || value === null || !('door' in value) || !('hex' in value)) return false;
  return typeof value.door === 'string' && typeof value.hex === 'string';
}

function replay(file: string): number {
  const { door: name, hex } = readCase(file);
  const door = DOORS.get(name);
  if (!door)
    throw new UsageError(`there is no door '${name}', expected one of ${[...DOORS.keys()].join(', ')}`);
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
  if (isTooLarge(report)) say(`ended early: it took more than ${report.memoryMiB} MiB`);
  return report.crashes > 0 || isTooLarge(report) ? 1 : 0;
}

async function main(): Promise<number> {
  const { seconds, seed, target, memory, json, replay: file, grow, help } = flags();
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (file !== undefined) return replay(file);
  const options = {
    seconds: positive('seconds', seconds),
    seed: whole('seed', seed, 0),
    memoryMiB: positive('memory', memory),
    target: targetOf(target),
  };
  const progress = (report: RunReport): void => say(lineOf(report));
  return run({ ...options, crashed: (crash: Crash) => keep(crash, options.seed), progress }, json, grow);
}

endWithReader();

try {
  process.exitCode = await main();
} catch (error) {
  const sentence = usageSentence(error);
  say(
    sentence ? `${sentence}; --help lists what there is` : `${error instanceof Error ? error.stack : error}`,
  );
  process.exitCode = sentence ? 2 : 1;
}
