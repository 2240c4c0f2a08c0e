// Runs the lab tests: `npm run test:lab [-- test/dist/lab/NAME.test.js ...]`. Real Debian hosts need root, a few Debian
// packages and, the first time, the network. Where one is missing the tests are skipped, saying why; with CI=true that
// is a failure. Two files run at a time, each with hosts of its own, because they wait most of the time; SHOAL_LAB_JOBS=1
// gives one the machine for itself. `--prepare` only makes what they start from: packages and the hosts' file system.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages } from './debian-packages.mjs';
import { sumUp } from './tap-totals.mjs';

const root = join(import.meta.dirname, '..');
const compiled = 'test/dist/lab';
const needed = ['systemd-container', 'debootstrap', 'iproute2', 'nftables', 'dpkg-dev'];
/** Seconds that one test file may take: SHOAL_LAB_TIMEOUT, for those that can be made longer. */
const timeout = Number(process.env.SHOAL_LAB_TIMEOUT ?? 600);
const jobs = Number(process.env.SHOAL_LAB_JOBS ?? 2);
const lab = (name) => import(join(root, compiled, name));

const problem = missingPrerequisite();
if (problem === undefined) {
  await prepare();
  if (!process.argv.includes('--prepare')) process.exitCode = await runLab();
} else if (process.env.CI === 'true') fail(problem);
else console.log(`Lab tests skipped: ${problem}`);

function missingPrerequisite() {
  if (process.platform !== 'linux') return 'the lab runs on Linux only';
  if (process.getuid() !== 0) return 'the lab needs root: it makes namespaces, mounts and containers';
  return installPackages(needed);
}

async function prepare() {
  step('node', 'scripts/setup.mjs');
  // `npm test` prepares tap and leaves this mark; whoever runs only the lab has it prepared here.
  if (!existsSync(join(root, 'node_modules/.cache/shoal/tap'))) step('node_modules/.bin/tap', 'build');
  if (process.env.SHOAL_LAB_PACKAGES === undefined) step('node', 'scripts/lab-packages.mjs');
  const { ensureBase } = await lab('base.js');
  await ensureBase(console.log);
}

async function runLab() {
  const { cacheDirectory } = await lab('base.js');
  const output = process.env.TAP_OUTPUT_FILE ?? join(cacheDirectory(), 'last-run.tap');
  mkdirSync(join(output, '..'), { recursive: true });
  const given = process.argv.slice(2);
  const files = given.length > 0 ? given : testsBelow(compiled);
  const tap = ['run', `--jobs=${jobs}`, `--timeout=${timeout}`, `--output-file=${output}`, ...files];
  const { status } = spawnSync(join(root, 'node_modules/.bin/tap'), tap, { cwd: root, stdio: 'inherit' });
  const { sweepDeadRuns } = await lab('run-record.js');
  sweepDeadRuns();
  printFigures(readFileSync(output, 'utf8'));
  console.log(`Lab: ${sumUp([output]).text}`);
  return status ?? 1;
}

/** What the tests measured: their comments, which most of tap's reporters keep to themselves. */
function printFigures(tap) {
  const figures = [...tap.matchAll(/^ {4,}# (?!Subtest|time=|\{)(.+)$/gm)].map(([, text]) => `  ${text}`);
  if (figures.length > 0) console.log(`Measured:\n${figures.join('\n')}`);
}

function testsBelow(directory) {
  return readdirSync(join(root, directory), { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .sort()
    .map((name) => join(directory, name));
}

function step(...argv) {
  const [command, ...args] = argv;
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail(`${argv.join(' ')} failed`);
}

function fail(message) {
  console.error(`Lab tests failed: ${message}`);
  process.exit(1);
}
