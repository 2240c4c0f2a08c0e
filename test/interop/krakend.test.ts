import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { until } from '../until.js';

// What Shoal relies on of KrakenD as a process. It runs against the stand-in, so that the other tests stand on what is
// written here, and with SHOAL_KRAKEND against the real program, so that the stand-in does.

const address = '127.50.9.1';
const script = join(import.meta.dirname, '../../../scripts/krakend.mjs');
const made = spawnSync(process.execPath, [script, ...(process.env['CI'] === 'true' ? ['--install'] : [])], {
  encoding: 'utf8',
});
if (made.status !== 0 && process.env['CI'] === 'true') throw new Error(made.stderr);
const skip = made.status === 0 ? false : made.stderr.trim();
const { path: krakend, standIn } =
  made.status === 0
    ? (JSON.parse(made.stdout) as { path: string; standIn: boolean })
    : { path: '', standIn: true };
t.comment(standIn ? 'the stand-in for KrakenD' : `KrakenD: ${krakend}`);

const environment = { ...process.env, USAGE_DISABLE: '1' };

function call(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(krakend, args, { encoding: 'utf8', env: environment });
  return { status, text: `${stdout}${stderr}` };
}

function file(t: Test, content: unknown): string {
  const path = join(t.testdir(), 'krakend.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** A running gateway, its output, and how it ends. */
interface Gateway {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function run(t: Test, path: string, more: NodeJS.ProcessEnv = {}): Gateway {
  const child = spawn(krakend, ['run', '-c', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, ...more },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { child, output: () => output, ended };
}

function ask(url: string, method = 'GET'): Promise<IncomingMessage & { text: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(Object.assign(response, { text })));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

const healthPage = (port: number) => ask(`http://${address}:${port}/__health`);

async function healthy(port: number): Promise<void> {
  const answers = () =>
    healthPage(port).then(
      ({ statusCode }) => statusCode === 200,
      () => false,
    );
  await until('the gateway to be healthy', answers);
}

/** A backend that answers /slow after `delay`, /bad with 500, and all else at once. */
async function backend(t: Test, delay: number): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/bad') response.statusCode = 500;
    const answer = () => response.setHeader('Content-Type', 'application/json').end('{"a":1}');
    if (request.url === '/slow') setTimeout(answer, delay).unref();
    else answer();
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${address}:${(server.address() as AddressInfo).port}`;
}

const endpoint = (path: string, host: string, urlPattern: string) => ({
  endpoint: path,
  timeout: '10s',
  backend: [{ host: [host], url_pattern: urlPattern }],
});

t.test('check judges a file by its exit code', { skip }, async (t) => {
  const good = { version: 3, endpoints: [endpoint('/a', 'http://127.0.0.1:1', '/')] };
  t.match(call('check', '-c', file(t, good)), { status: 0, text: /Syntax OK!/ });
  t.match(call('check', '-c', file(t, { version: 3 })), { status: 0 });
  for (const bad of ['{', { version: 2 }, { version: 3, timeout: 'soon' }]) {
    t.match(call('check', '-c', file(t, bad)), { status: 1, text: /ERROR/ }, JSON.stringify(bad));
  }
  t.equal(call('check', '-c', '/nowhere/krakend.json').status, 1);
  t.equal(call('check').status, 1);
  t.equal(
    call('check', '-c', file(t, { ...good, prot: 1 })).status,
    0,
    'unknown keys go unseen without a schema',
  );
  const free = { ...good, port: 18590 };
  t.equal(call('check', '-c', file(t, free), '-t').status, 0);
  const twice = { ...free, endpoints: [...good.endpoints, ...good.endpoints] };
  t.not(call('check', '-c', file(t, twice), '-t').status, 0, 'two endpoints on one route');
});

t.test('run can not be judged by its exit code', { skip }, async (t) => {
  t.equal(call('run').status, 0, 'without a file');
  t.equal(call('run', '-c', file(t, '{')).status, 255, 'with one that it can not read');
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(18591, '0.0.0.0', resolve));
  t.teardown(() => taken.close());
  const gateway = run(t, file(t, { version: 3, port: 18591 }));
  t.equal(await gateway.ended, 0, 'on a port that is taken');
  t.match(gateway.output(), /ERROR.*address already in use/);
});

t.test(
  'it tells its health, serves, and prints a line for each request but its health',
  { skip },
  async (t) => {
    const host = await backend(t, 0);
    const gateway = run(
      t,
      file(t, {
        version: 3,
        port: 18592,
        endpoints: [endpoint('/good', host, '/'), endpoint('/bad', host, '/bad')],
        extra_config: { router: { logger_skip_paths: ['/__health'] } },
      }),
    );
    await healthy(18592);
    t.match(JSON.parse((await healthPage(18592)).text), { status: 'ok' });
    const origin = `http://${address}:18592`;
    const good = await ask(`${origin}/good?x=1`);
    t.match(good, { statusCode: 200, headers: { 'x-krakend': /^Version / } });
    t.strictSame(JSON.parse(good.text), { a: 1 });
    t.equal((await ask(`${origin}/bad`)).statusCode, 500, 'a backend that fails');
    t.equal((await ask(`${origin}/none`)).statusCode, 404);
    await until('the line of the last request', () => gateway.output().includes('"/none"'));
    const line =
      /^\[GIN\] \d{4}\/\d\d\/\d\d - \d\d:\d\d:\d\d \| 200 \| +[\d.]+[nµm]?s \| +127\.\d+\.\d+\.\d+ \| GET +"\/good\?x=1"$/m;
    t.match(gateway.output(), line);
    t.notMatch(gateway.output(), /GIN.*__health/);
  },
);

t.test('SIGTERM closes the door and lets requests under way end', { skip }, async (t) => {
  const host = await backend(t, 700);
  const config = {
    version: 3,
    port: 18593,
    max_shutdown_wait_time: '5s',
    endpoints: [endpoint('/slow', host, '/slow')],
  };
  const gateway = run(t, file(t, config));
  await healthy(18593);
  const slow = ask(`http://${address}:18593/slow`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  gateway.child.kill('SIGTERM');
  await until('the door to be closed', () =>
    healthPage(18593).then(
      () => false,
      () => true,
    ),
  );
  t.equal((await slow).statusCode, 200);
  t.equal(await gateway.ended, 0);
});

t.test('max_shutdown_wait_time bounds how long they may take', { skip }, async (t) => {
  const host = await backend(t, 20_000);
  const config = {
    version: 3,
    port: 18594,
    max_shutdown_wait_time: '300ms',
    endpoints: [endpoint('/slow', host, '/slow')],
  };
  const gateway = run(t, file(t, config));
  await healthy(18594);
  const slow = ask(`http://${address}:18594/slow`).catch((error: NodeJS.ErrnoException) => error.code);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const asked = Date.now();
  gateway.child.kill('SIGTERM');
  t.equal(await gateway.ended, 0);
  t.ok(Date.now() - asked < 5000);
  t.equal(await slow, 'ECONNRESET');
});

t.test('KRAKEND_PORT wins over the file', { skip }, async (t) => {
  run(t, file(t, { version: 3, port: 18595 }), { KRAKEND_PORT: '18596' });
  await healthy(18596);
  await t.rejects(healthPage(18595), { code: 'ECONNREFUSED' });
});

t.test('its statistics can be kept on the loopback address', { skip }, async (t) => {
  const host = await backend(t, 0);
  const metrics = { 'telemetry/metrics': { collection_time: '1s', listen_address: '127.0.0.1:18598' } };
  run(
    t,
    file(t, { version: 3, port: 18597, endpoints: [endpoint('/good', host, '/')], extra_config: metrics }),
  );
  await healthy(18597);
  await ask(`http://${address}:18597/good`);
  const page = JSON.parse((await ask('http://127.0.0.1:18598/__stats')).text) as Record<string, unknown>;
  t.equal(page['krakend.router.response./good.status.200.count'], 1);
  t.equal(page['krakend.proxy.requests.layer.backend.name./.complete.true.error.false'], 1);
  const listening = execFileSync('ss', ['-Hltn', 'sport = :18598'], { encoding: 'utf8' });
  t.match(listening, /127\.0\.0\.1:18598/);
  t.notMatch(listening, /(\*|0\.0\.0\.0|\[::\]):18598/);
});
