import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join } from 'node:path';
import t, { type Test } from 'tap';
import { startAgent, temporaryDirectory } from '../demo.js';
import { describeLoad, type LoadReport } from '../load/report.js';
import { startLoad } from '../load/start-load.js';
import { until } from '../until.js';

// What a change costs those who ask a service directly, without a balancer: blueprints that serve by themselves, changed
// twice under load.

const address = '127.62.0.1';
const backendPort = 18620;
const changes = 2;

/** A blueprint with what the test gives it. */
interface Case {
  readonly blueprint: string;
  readonly program: string;
  readonly port: number;
  readonly path: string;
  /** Parameters in the spec's words; the number makes each change another one. */
  readonly params: (change: number) => string;
  /** Connections may be refused meanwhile. */
  readonly gap: boolean;
}

const endpoints = `[{ path: /hello, outputEncoding: no-op, backends: [{ urlPattern: /, hosts: ["http://${address}:${backendPort}"] }] }]`;
const gateway = (port: number, timeout: number) =>
  `{ port: ${port}, metricsPort: 0, listenOn: node, timeout: ${timeout}s, endpoints: ${endpoints} }`;

const cases: readonly Case[] = [
  {
    blueprint: 'nginx',
    program: 'nginx',
    port: 18621,
    path: '/',
    params: (change) =>
      `{ port: 18621, listenOn: node, workerProcesses: "1", body: hello, clientMaxBodySize: ${change + 1}m }`,
    gap: false,
  },
  {
    blueprint: 'krakend',
    program: 'krakend',
    port: 18622,
    path: '/hello',
    params: (change) => gateway(18622, change + 2),
    gap: true,
  },
];

t.before(async () => {
  const server = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(backendPort, address, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
});

/** Whether a program is there; in CI one that isn't is a failure, not a reason. */
function without(program: string): string | false {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { env }).status === 0;
  return found || process.env['CI'] === 'true' ? false : `${program} is not installed`;
}

const agentYaml = (dir: string, name: string, port: number) => `node: { name: ${name} }
dataDir: ${dir}/data
supervisor: process
gossip: { listen: "${address}:${port}" }
metrics: { listen: "off" }
standalone: { spec: ${dir}/local.yaml }
`;

const spec = ({ blueprint, params }: Case, change: number) =>
  `cluster: local\nservices:\n  web: { blueprint: ${blueprint}, nodes: all, params: ${params(change)} }\n`;

/** How often the agent has converged, by its own log. */
function startedAgent(t: Test, dir: string): { converged: () => number; started: Promise<void> } {
  const { child, started } = startAgent(dir, join(dir, 'agent.yaml'));
  t.teardown(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  });
  let log = '';
  child.stdout?.on('data', (text: Buffer) => {
    log += text;
  });
  return { converged: () => log.split('"converged"').length - 1, started };
}

/** For how long connections were refused or broken, in milliseconds, at worst: failures that are less than a second apart belong together. */
function longestGap({ failures }: LoadReport): number {
  let begun = 0;
  let last = Number.NEGATIVE_INFINITY;
  let longest = 0;
  for (const at of failures.map((failure) => failure.at).sort((a, b) => a - b)) {
    if (at - last > 1000) begun = at;
    last = at;
    longest = Math.max(longest, last - begun);
  }
  return longest;
}

/** Puts what stands for KrakenD on the PATH; without it that case is skipped. */
function installKrakend(): void {
  const script = join(import.meta.dirname, '../../../scripts/krakend.mjs');
  const install = process.env['CI'] === 'true' ? ['--install'] : [];
  const made = spawnSync(process.execPath, [script, ...install], { encoding: 'utf8' });
  if (made.status !== 0) return;
  const { path } = JSON.parse(made.stdout) as { path: string };
  const directory = t.testdir({ bin: {} });
  symlinkSync(path, join(directory, 'bin/krakend'));
  process.env['PATH'] = `${join(directory, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
}

installKrakend();

for (const [index, one] of cases.entries()) {
  const skip = without(one.program);
  t.test(`a change of ${one.blueprint} under load`, { skip }, async (t) => {
    const dir = await temporaryDirectory(t);
    mkdirSync(join(dir, 'data'));
    writeFileSync(join(dir, 'agent.yaml'), agentYaml(dir, one.blueprint, 18630 + index));
    writeFileSync(join(dir, 'local.yaml'), spec(one, 0));
    const agent = startedAgent(t, dir);
    await until('the service to serve', () => agent.converged() === 1);

    const origin = `http://${address}:${one.port}`;
    await until('requests to be answered', () =>
      fetch(`${origin}${one.path}`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    // Below the limit of the free tier, which a standalone node has.
    const options = { targets: [origin], requestsPerSecond: 80, fresh: 0.5, mix: [{ path: one.path }] };
    const load = startLoad(options);
    for (let change = 1; change <= changes; change++) {
      writeFileSync(join(dir, 'local.yaml'), spec(one, change));
      await until(`change ${change} to be in force`, () => agent.converged() === change + 1);
    }
    const report = await load.stop();
    t.comment(
      `${one.blueprint}: ${changes} changes in place, ${report.requests} requests, ${report.standardFailures} failed, longest gap ${longestGap(report)} ms`,
    );
    t.ok(report.requests > 100, describeLoad(report));
    if (one.gap) t.ok(longestGap(report) < 10_000, `a gap of ${longestGap(report)} ms`);
    else t.equal(report.standardFailures, 0, describeLoad(report));
  });
}
