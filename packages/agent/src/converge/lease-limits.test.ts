import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type BlueprintSet,
  compileManifest,
  loadBlueprints,
  type Manifest,
  manifestHash,
  type Params,
} from '@shoal/common';
import { type Test, t } from 'tap';
import { requestOfLine } from '../observe/traffic/request-of-line.js';
import { SecretStore } from '../secrets/secret-store.js';
import { ask, type Reply } from './backend.test.support.js';
import { commandEnvironment } from './command.js';
import {
  fetchText,
  manifestOf,
  member,
  startHost,
  type TestHost,
  toyService,
  until,
} from './harness.test.support.js';

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

/**
 * Sends requests at a steady pace for some seconds; how many of them got which status (0: none). `repeats`: one that finds its kept connection closed is
 * sent again, as HTTP clients do; a reload of nginx counts on that.
 */
async function pace(
  url: string,
  perSecond: number,
  seconds: number,
  repeats = false,
): Promise<Record<number, number>> {
  const agent = new Agent({ keepAlive: true });
  const counts: Record<number, number> = {};
  const one = (again = repeats): Promise<void> =>
    new Promise((resolve) => {
      const count = (status: number): void => {
        counts[status] = (counts[status] ?? 0) + 1;
        resolve();
      };
      const request = get(url, { agent }, (response) => {
        response.resume().once('end', () => count(response.statusCode ?? 0));
      }).once('error', () => {
        if (again && request.reusedSocket) resolve(one(false));
        else count(0);
      });
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

/** The refusals among so many requests at once. */
async function refusals(url: string, count: number): Promise<readonly Reply[]> {
  const replies = await Promise.all(Array.from({ length: count }, () => ask(url)));
  return replies.filter(({ status }) => status === 429);
}

/** How many requests the service's access log tells as refused. */
function toldAsRefused(host: TestHost): number {
  const source = host.converger.observed()[0]?.logs.find(({ traffic }) => traffic !== undefined);
  if (source?.traffic === undefined) throw new Error('no log source tells of requests');
  const { file, parser = 'plain', traffic } = source;
  const lines = file === undefined ? host.output : readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => requestOfLine(parser, line, traffic, Date.now())?.isRefused).length;
}

/** The path of a unix socket below it has to be short. */
function shortDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A server behind the balancers. */
async function backend(
  t: Test,
  address: string,
  listener: RequestListener = (_, response) => response.end('behind\n'),
): Promise<number> {
  const server = createServer(listener);
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
    const steady = pace(url, limit * 0.7, 5, program === 'nginx');
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

    const replies = await refusals(url, 3 * limit);
    const [reply] = replies;
    const window = blueprint === 'haproxy' ? 10 : 1;
    t.match(reply?.headers, {
      'content-type': 'text/plain',
      'retry-after': '1',
      'ratelimit-policy': `"shoal-license";q=${limit * window};w=${window}`,
    });
    t.match(reply?.body, `limit of ${limit} requests/s on this node by the license's tier free`);
    t.match(reply?.body, '(operators: shoal status, or shoal status --local on that node)');
    const refused = (over[429] ?? 0) + replies.length;
    await until('the log to tell of all', () => toldAsRefused(host) >= refused);
    t.equal(toldAsRefused(host), refused, 'its log tells which requests the limit refused');

    host.lease = { tier: 'premium', limits: {} };
    host.converger.factsChanged();
    const changed = digests();
    await until('the limits to be lifted', () => digests() !== changed);
    await until('their end', () => host.converger.report().state === 'IDLE');
    t.strictSame(await pace(url, 100, 1), { 200: 100 }, 'all pass again');
  });
}

const mine = 'HTTP/1.1 429 Slow\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nmine\n';
const ownPages: readonly { blueprint: string; extraConfig: (file: string) => string }[] = [
  { blueprint: 'nginx', extraConfig: () => 'error_page 429 @mine; location @mine { return 429 "mine\\n"; }' },
  { blueprint: 'haproxy', extraConfig: (file) => `errorfile 429 ${file}` },
];

for (const [index, { blueprint, extraConfig }] of ownPages.entries()) {
  t.test(`an own page for 429 goes before that of ${blueprint}`, { skip: without(blueprint) }, async (t) => {
    const address = `127.40.9.${index + 11}`;
    const dataDir = shortDirectory(t);
    const file = join(dataDir, '429.http');
    writeFileSync(file, mine);
    const host = await startHost(t, { dataDir, address, members: [member('one', address)] });
    host.lease = { tier: 'free', limits: { requestsPerSecond: 1 } };
    const own = { listenOn: 'node', extraConfig: extraConfig(file) };
    const lb = { service: 'app', port: 9, listenPort: 8085, threads: 1, ...own };
    const params = blueprint === 'nginx' ? { port: 8085, ...own } : lb;
    t.match(await host.converge(manifest(blueprint, params)), { state: 'IDLE', failure: null });
    const [reply] = await refusals(`http://${address}:8085/`, 30);
    t.equal(reply?.body, 'mine\n');
  });
}

t.test('what is answered 429 for another reason is left alone', { skip: without('nginx') }, async (t) => {
  const address = '127.40.9.21';
  const port = await backend(t, address, (_, response) =>
    response.writeHead(429, { 'retry-after': '7' }).end('theirs\n'),
  );
  const running = { ...member('one', address), tags: { svc: 'app:h,web:h' } };
  const host = await startHost(t, { dataDir: shortDirectory(t), address, members: [running] });
  host.lease = { tier: 'free', limits };
  const extraConfig = 'location = /own { return 429; }';
  const params = { service: 'app', port, listenPort: 8085, listenOn: 'node', extraConfig };
  t.match(await host.converge(manifest('nginx-lb', params)), { state: 'IDLE', failure: null });
  t.match(await ask(`http://${address}:8085/`), {
    status: 429,
    headers: { 'retry-after': '7', 'ratelimit-policy': undefined },
    body: 'theirs\n',
  });
  const own = await ask(`http://${address}:8085/own`);
  t.match(own.body, '<h1>429 Too Many Requests</h1>');
  t.equal(own.headers['retry-after'], undefined);
  t.equal(toldAsRefused(host), 0);
});

t.test(
  'a lease that changed before an agent had started counts once it has, and costs no secret',
  async (t) => {
    const directory = t.testdir();
    const dataDir = join(directory, 'data');
    const address = '127.40.9.31';
    const content = `{"address":"${address}","port":8085,"body":"{{ lease.tier }} {{ params.body }}","digest":"{{ digest }}"}`;
    const service = toyService({ directory, address, port: 8085, body: '' });
    const steps = service.steps.map((step) => (step.type === 'file' ? { ...step, content } : step));
    const secrets = [{ name: 'word', version: 'v1', path: ['body'] }];
    const manifest = manifestOf(1, { ...service, steps, secrets });
    const before = await startHost(t, { dataDir, lease: { tier: 'paid', limits: {} } });
    const value = { name: 'word', version: 'v1', value: 'a-long-password' };
    before.converger.offer(manifest, manifestHash(manifest), { retryFailed: false, secrets: [value] });
    const url = `http://${address}:8085/`;
    await until('the service', async () => (await fetchText(url)) === 'paid a-long-password');
    await until('the end of the attempt', () => before.converger.report().state === 'IDLE');
    await before.converger.stop();

    class SlowStore extends SecretStore {
      override async load(): Promise<void> {
        await super.load();
        await pause(200);
      }
    }
    await startHost(t, {
      dataDir,
      lease: { tier: 'free', limits: {} },
      secrets: new SlowStore(dataDir),
      made: (converger) => converger.factsChanged(),
    });
    await until('the lease', async () => (await fetchText(url)) === 'free a-long-password');
  },
);
