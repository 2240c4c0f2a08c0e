import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type BlueprintSet,
  compileManifest,
  loadBlueprints,
  type Manifest,
  type Params,
} from '@shoal/common';
import { type Test, t } from 'tap';
import { commandEnvironment } from './command.js';
import { member, startHost, until } from './harness.test.support.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const blueprints: BlueprintSet = await loadBlueprints([
  join(root, 'blueprints'),
  join(root, 'examples/blueprints'),
]);

function manifest(blueprint: string, params: Params): Manifest {
  const spec = { cluster: 'test', services: { web: { blueprint, nodes: 'all', params } } } as const;
  const node = { name: 'one', site: 'here' };
  return compileManifest({ spec, blueprints, clusterId: 'test', node, revision: 1 });
}

/** Why a test with that program can't run here; false: it can. In CI a missing one is a failure, not a reason. */
function without(program: string): string | false {
  try {
    execFileSync(program, ['-v'], { env: commandEnvironment(), stdio: 'ignore' });
    return false;
  } catch {
    return process.env['CI'] === 'true' ? false : `${program} is not installed`;
  }
}

/** Sends requests at a steady pace for some seconds; how many of them got which status (0: none). */
async function pace(url: string, perSecond: number, seconds: number): Promise<Record<number, number>> {
  const agent = new Agent({ keepAlive: true });
  const counts: Record<number, number> = {};
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const count = (status: number): void => {
        counts[status] = (counts[status] ?? 0) + 1;
        resolve();
      };
      get(url, { agent }, (response) => {
        response.resume().once('end', () => count(response.statusCode ?? 0));
      }).once('error', () => count(0));
    });
  const began = performance.now();
  const sent: Promise<void>[] = [];
  while (sent.length < perSecond * seconds) {
    const due = ((performance.now() - began) / 1000) * perSecond;
    while (sent.length < Math.min(due, perSecond * seconds)) sent.push(one());
    await pause(5);
  }
  await Promise.all(sent);
  agent.destroy();
  return counts;
}

/** The path of a unix socket below it has to be short. */
function shortDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A server behind the balancers. */
async function backend(t: Test, address: string): Promise<number> {
  const server = createServer((_, response) => response.end('behind\n'));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.teardown(() => server.close());
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

const limit = 40;
const limits = { requestsPerSecond: limit };

const cases: readonly { blueprint: string; program: string; params: (port: number) => Params }[] = [
  { blueprint: 'nginx', program: 'nginx', params: () => ({ port: 8085, listenOn: 'node', body: 'page' }) },
  {
    blueprint: 'nginx-lb',
    program: 'nginx',
    params: (port) => ({ service: 'app', port, listenPort: 8085, listenOn: 'node' }),
  },
  {
    blueprint: 'haproxy',
    program: 'haproxy',
    params: (port) => ({ service: 'app', port, listenPort: 8085, listenOn: 'node', threads: 1 }),
  },
  { blueprint: 'gateway', program: 'true', params: () => ({ port: 8085, listenOn: 'node', body: 'page' }) },
];

for (const [index, { blueprint, program, params }] of cases.entries()) {
  const skip = without(program);
  t.test(`${blueprint} limits what a lease limits, by a reload that loses nothing`, { skip }, async (t) => {
    const address = `127.40.9.${index + 1}`;
    const port = await backend(t, address);
    const running = { ...member('one', address), tags: { svc: 'app:h,web:h' } };
    const host = await startHost(t, { dataDir: shortDirectory(t), address, members: [running] });
    t.match(await host.converge(manifest(blueprint, params(port))), { state: 'IDLE', failure: null });
    const url = `http://${address}:8085/`;
    t.strictSame(await pace(url, 100, 1), { 200: 100 }, 'no limit without one in the lease');

    const digests = (): number => host.events.filter(({ kind }) => kind === 'done').length;
    const before = digests();
    const steady = pace(url, limit * 0.7, 5);
    host.lease = { tier: 'free', limits };
    host.converger.factsChanged();
    await until('the limits to be rendered', () => digests() !== before);
    await until('their end', () => host.converger.report().state === 'IDLE');
    t.strictSame(await steady, { 200: limit * 0.7 * 5 }, 'below the limit nothing fails, across the change');

    const seconds = 8;
    const over = await pace(url, 3 * limit, seconds);
    const passed = over[200] ?? 0;
    t.equal(over[429], 3 * limit * seconds - passed, 'what is beyond is answered 429');
    // Beyond the rate: as many as in ten seconds at once (haproxy), as in one (others).
    const burst = blueprint === 'haproxy' ? 10 : 1;
    t.ok(passed <= limit * (seconds + burst + 1), `${passed} in ${seconds} s is too much`);
    t.ok(passed >= limit * seconds * 0.8, `${passed} in ${seconds} s is too little`);
    t.equal(host.converger.report().services?.[0]?.health, 'healthy', 'health checks are not counted');

    host.lease = { tier: 'premium', limits: {} };
    host.converger.factsChanged();
    const changed = digests();
    await until('the limits to be lifted', () => digests() !== changed);
    await until('their end', () => host.converger.report().state === 'IDLE');
    t.strictSame(await pace(url, 100, 1), { 200: 100 }, 'all pass again');
  });
}
