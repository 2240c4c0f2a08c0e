import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchOptions } from './main.js';
import { childrenOf, sampleProcess } from './processes.js';
import type { Figure, Report } from './report.js';
import { machine } from './report.js';

const root = new URL('../..', import.meta.url).pathname;
const mebibyte = 1024 * 1024;
/** A loopback network that no demo runs on unasked. */
const network = '127.97.0';

interface Bundler {
  bundle(options: {
    entry: string;
    outfile: string;
    external?: string[];
    separate?: Record<string, string>;
  }): Promise<unknown>;
}

/** The files of the Debian packages, bundles and wrapper alike, where the wrapper finds them. Returns the wrapper: what a user's host runs. */
async function installInto(directory: string): Promise<string> {
  const { bundle } = (await import(`${root}scripts/package/bundle.mjs`)) as Bundler;
  const separate = { '@shoal/agent': 'shoal-agent', '@shoal/controller': 'shoal-controller' };
  await bundle({ entry: 'packages/cli/dist/main.js', outfile: join(directory, 'shoal.cjs'), separate });
  await bundle({ entry: 'packages/cli/dist/agent-main.js', outfile: join(directory, 'agent.cjs') });
  const controller = {
    entry: 'packages/controller/dist/index.js',
    outfile: join(directory, 'controller.cjs'),
  };
  await bundle({ ...controller, external: ['lmdb'] });
  await symlink(process.execPath, join(directory, 'node'));
  const packaged = await readFile(join(root, 'deploy/debian/shoal/shoal.sh'), 'utf8');
  const wrapper = packaged.replace(/^library=.*$/m, `library='${directory}'`);
  if (wrapper === packaged) throw new Error('deploy/debian/shoal/shoal.sh has no line "library=..."');
  const command = join(directory, 'shoal');
  await writeFile(command, wrapper, { mode: 0o755 });
  return command;
}

function startDemo(command: string, directory: string): ChildProcess {
  return spawn(command, ['demo', '--dir', join(directory, 'demo'), '--network', network], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      SHOAL_BLUEPRINTS: join(root, 'blueprints'),
      SHOAL_CONSOLE: join(root, 'packages/console/dist'),
    },
  });
}

function serving(demo: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    demo.stdout?.on('data', (text: Buffer) => {
      if (text.includes('Serving after')) resolve();
    });
    demo.once('exit', (code) => reject(new Error(`the demo ended with code ${code}`)));
  });
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Resident memory and processor time of idle agents (gossip of four, stats and logs on) beside a bare Node that does nothing, in the same run. */
export async function footprint(options: BenchOptions): Promise<Report> {
  const seconds = options.seconds ?? 300;
  // Below node_modules, where the controller's bundle finds lmdb.
  const cache = join(root, 'node_modules/.cache/shoal');
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, 'footprint-'));
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1 << 30)'], { stdio: 'ignore' });
  const demo = startDemo(await installInto(directory), directory);
  try {
    await serving(demo);
    const agents = childrenOf(demo.pid ?? 0).filter((p) => p.command.includes('agent'));
    if (agents.length !== 3) throw new Error(`expected 3 agents, found ${agents.length}`);
    options.progress(`serving; measuring for ${seconds} s ...`);
    const before = agents.map((a) => sampleProcess(a.pid));
    await delay(seconds * 1000);
    const after = agents.map((a) => sampleProcess(a.pid));
    const bareResident = sampleProcess(bare.pid ?? 0).residentBytes;
    const resident = Math.max(...after.map((s) => s.residentBytes));
    const cpu = Math.max(...after.map((s, i) => (s.cpuSeconds - (before[i]?.cpuSeconds ?? 0)) / seconds));
    const figures: Figure[] = [
      {
        name: 'agent memory, largest of 3 (RSS)',
        value: resident / mebibyte,
        unit: 'MiB',
        aim: 60,
        ratio: { to: 'bare Node', value: resident / bareResident },
      },
      { name: 'bare Node memory (RSS)', value: bareResident / mebibyte, unit: 'MiB' },
      { name: 'agent processor, largest of 3', value: cpu * 100, unit: '% of a core', aim: 0.5 },
    ];
    return {
      benchmark: 'footprint',
      date: new Date().toISOString(),
      machine: machine(),
      versions: { shoal: options.version },
      setup: { 'measured for (s)': seconds, agents: 3, 'gossip members': 4 },
      figures,
    };
  } finally {
    bare.kill('SIGKILL');
    await stopped(demo);
    await rm(directory, { recursive: true, force: true });
  }
}
