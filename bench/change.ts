import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../test/lab/cluster.js';
import { AnsibleTool, installAnsible } from './change/ansible-tool.js';
import { createCluster, ensureBase } from './change/lab-modules.js';
import { SaltTool, saltBinds, saltVersion } from './change/salt-tool.js';
import { ShoalTool } from './change/shoal-tool.js';
import type { Times, Tool } from './change/tool.js';
import { Watch } from './change/watch.js';
import type { BenchOptions } from './main.js';
import { type Figure, machine, type Report } from './report.js';

const root = new URL('../..', import.meta.url).pathname;
const nodeNames = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5'];
/** Times faster than Ansible that a change is meant to be. */
const aimedRatio = 20;
const pauseMs = 1500;

/** One value of nginx's configuration changed and nginx reloaded on five real hosts: by Shoal, by Ansible and by Salt. */
export async function compareChange(options: BenchOptions): Promise<Report> {
  const rounds = options.trials ?? 7;
  await prepareMachine(options.progress);
  let salt = findSalt(options.progress);
  options.progress('a controller and five nodes ...');
  const cluster = await createCluster({ nodes: nodeNames, binds: salt.binds });
  let watch: Watch | undefined;
  try {
    watch = new Watch(
      cluster.lab,
      cluster.nodes.map(({ address }) => `http://${address}:8080/`),
    );
    const run = (tool: Tool) => measure(tool, rounds, watch as Watch, options.progress);
    const times: Times[] = [];
    for (const strategy of ['all-at-once', 'one-by-one'] as const) {
      times.push(await run(new ShoalTool(cluster, strategy)));
    }
    const template = await templateOf(cluster);
    await stopShoal(cluster);
    const { lab, controller, nodes } = cluster;
    const ansible = await installAnsible(controller, nodes);
    for (const facts of [false, true]) {
      times.push(await run(new AnsibleTool({ controller, nodes, template }, facts)));
    }
    if (salt.problem === '') {
      const measured = await run(new SaltTool({ lab, controller, nodes, template })).catch(problemOf);
      if (typeof measured === 'string') salt = { ...salt, problem: `didn't run (${measured})` };
      else times.push(measured);
    }
    return {
      benchmark: 'change',
      date: new Date().toISOString().slice(0, 10),
      machine: machine(),
      versions: { shoal: options.version, ansible, salt: salt.problem === '' ? salt.version : salt.problem },
      setup: { hosts: nodeNames.length, rounds },
      figures: figures(times),
    };
  } finally {
    await watch?.stop();
    await cluster.destroy();
  }
}

/** What the lab and the packages need; none of it is measured. */
async function prepareMachine(progress: (text: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('this benchmark starts real hosts: it needs Linux and root');
  }
  const debian = [
    'scripts/debian-packages.mjs',
    'systemd-container',
    'debootstrap',
    'iproute2',
    'nftables',
    'dpkg-dev',
  ];
  for (const script of [debian, ['scripts/lab-packages.mjs']]) {
    execFileSync(process.execPath, script, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  await ensureBase(progress);
}

interface FoundSalt {
  readonly binds: Readonly<Record<string, string>>;
  readonly version: string;
  /** Why there is none; empty: there is. */
  readonly problem: string;
}

function findSalt(progress: (text: string) => void): FoundSalt {
  try {
    return { binds: saltBinds(progress), version: saltVersion, problem: '' };
  } catch (error) {
    const problem = `not installable (${problemOf(error)})`;
    progress(`Salt: ${problem}`);
    return { binds: {}, version: '', problem };
  }
}

function problemOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

/** nginx's configuration as Shoal wrote it, with a variable in place of the value. */
async function templateOf({ nodes }: Cluster): Promise<string> {
  const text = (await nodes[0]?.read('/etc/nginx/nginx.conf')) ?? '';
  const template = text.replace(/add_header X-Change [\w-]+;/, 'add_header X-Change {{ change }};');
  if (template === text) throw new Error("the changed value isn't in the node's configuration");
  return template;
}

/** What the others are measured beside is nginx alone: it goes on. */
async function stopShoal({ controller, nodes }: Cluster): Promise<void> {
  await controller.exec('systemctl stop shoal-controller');
  await Promise.all(nodes.map((node) => node.exec('systemctl stop shoal-agent')));
}

async function measure(
  tool: Tool,
  rounds: number,
  watch: Watch,
  progress: (text: string) => void,
): Promise<Times> {
  await tool.begin();
  const serving: number[] = [];
  const ended: number[] = [];
  for (let round = 1; round <= tool.rounds(rounds); round++) {
    const change = `${tool.name.replace(/\W+/g, '-')}-${round}`;
    await tool.edit(change);
    // The machine comes to rest: what a round leaves behind is none of the next one's.
    await delay(pauseMs);
    const begun = Date.now();
    const served = watch.served(change);
    served.catch(() => undefined);
    await tool.apply(change);
    ended.push((Date.now() - begun) / 1000);
    serving.push(((await served) - begun) / 1000);
    progress(
      `${tool.name}, ${round}: all serve after ${serving.at(-1)?.toFixed(2)} s, ended after ${ended.at(-1)?.toFixed(2)} s`,
    );
  }
  await tool.end();
  return { tool, serving, ended };
}

function figures(all: readonly Times[]): Figure[] {
  const peers = all.filter(({ tool }) => !tool.name.startsWith('Shoal'));
  return all.flatMap(({ tool, serving, ended }): Figure[] => {
    const median = medianOf(serving);
    const against = tool.name.startsWith('Shoal') ? peers : [];
    return [
      { name: `${tool.name}: all serve, median`, value: median, unit: 's' },
      { name: `${tool.name}: all serve, worst`, value: Math.max(...serving), unit: 's' },
      { name: `${tool.name}: command ended, median`, value: medianOf(ended), unit: 's' },
      ...against.map((peer) => comparison(tool.name, median, peer)),
    ];
  });
}

/** Only what goes to all hosts at once is meant to be so much faster: one by one waits for each host's gate. */
function comparison(name: string, value: number, { tool, serving }: Times): Figure {
  const peer = medianOf(serving);
  const aim =
    name.includes('all-at-once') && tool.name.startsWith('Ansible') ? { aim: peer / aimedRatio } : {};
  const ratio = { to: tool.name, value: value / peer, peer };
  return { name: `${name}, beside ${tool.name}`, value, unit: 's', ...aim, ratio };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
