import { readFileSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest, Params } from '@shoal/common';
import { compileManifest, loadBlueprints } from '@shoal/common';
import { t } from 'tap';
import { readServiceMetrics } from '../observe/host/service-metrics.js';
import { parseLine } from '../observe/parse/parse-line.js';
import { systemClock } from './clock.js';
import { fetchText, member, startHost, until } from './harness.test.support.js';
import { installKrakend, krakendProgram, startBackend } from './krakend.test.support.js';
import { renderManifest } from './render/render-manifest.js';
import { settleMs } from './service-sizes.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const blueprints = await loadBlueprints([join(root, 'blueprints')]);
const program = krakendProgram();
const skip = typeof program === 'string' ? program : false;

function manifest(revision: number, params: Params): Manifest {
  const spec = {
    cluster: 'test',
    services: { gateway: { blueprint: 'krakend', nodes: 'all', params } },
  } as const;
  return compileManifest({
    spec,
    blueprints,
    clusterId: 'test',
    node: { name: 'one', site: 'here' },
    revision,
  });
}

/** What the blueprint makes of parameters. */
async function rendered(
  params: Params,
  nodes = 3,
  supervisor: 'process' | 'systemd' = 'process',
  limits: Readonly<Record<string, number>> = {},
) {
  const [service] = await renderManifest(
    manifest(1, params),
    {
      node: { name: 'one', site: 'here', address: '10.0.0.1' },
      facts: {},
      members: [],
      lease: { tier: 'free', limits },
    },
    {
      supervisor,
      directoryOf: () => t.testdirName,
      pools: { last: () => undefined, took: () => {} },
      sizeOf: () => nodes,
    },
  );
  if (service === undefined) throw new Error('no service');
  const file = service.steps.find((step) => step.type === 'file');
  if (file?.type !== 'file') throw new Error('no file');
  return { service, config: JSON.parse(file.content) as Record<string, unknown> };
}

const endpoint = { path: '/hello', backends: [{ urlPattern: '/b', hosts: ['http://127.40.7.2:8300'] }] };

t.test('a lease limits each endpoint: the smaller of its own rate and the lease’s', async (t) => {
  const router = 'qos/ratelimit/router';
  const raw = { endpoint: '/raw', method: 'GET', backend: [] };
  const params = {
    endpoints: [
      endpoint,
      { ...endpoint, path: '/small', rateLimit: { maxRate: 90, clientMaxRate: 30 } },
      { ...endpoint, path: '/large', rateLimit: { maxRate: 9000 } },
    ],
    configuration: {
      endpoints: [
        raw,
        { ...raw, extra_config: { [router]: { max_rate: 5, client_max_rate: 1 }, 'x/y': { a: 1 } } },
        { ...raw, extra_config: { [router]: { max_rate: 5000 } } },
      ],
    },
  };
  const { config } = await rendered(params, 3, 'process', { requestsPerSecond: 100 });
  const endpoints = config['endpoints'] as readonly { extra_config: Record<string, unknown> }[];
  t.match(
    endpoints.map(({ extra_config: extra }) => extra[router]),
    [
      { max_rate: 100 },
      { max_rate: 30, client_max_rate: 10 },
      { max_rate: 100 },
      { max_rate: 100 },
      { max_rate: 5, client_max_rate: 1 },
      { max_rate: 100 },
    ],
  );
  t.strictSame(endpoints[4]?.extra_config['x/y'], { a: 1 });
  const without = (await rendered(params)).config['endpoints'] as typeof endpoints;
  t.strictSame(without[0]?.extra_config, {}, 'no limit in the lease, none is added');
  t.strictSame(without[3], raw);
});

t.test('parameters become KrakenD’s configuration', async (t) => {
  const { config, service } = await rendered({
    endpoints: [
      {
        ...endpoint,
        method: 'POST',
        timeout: '800ms',
        inputHeaders: ['X-A'],
        inputQueryStrings: ['q'],
        outputEncoding: 'no-op',
        extra: { 'validation/cel': [] },
      },
      {
        path: '/two/{id}',
        backends: [{ urlPattern: '/{id}' }, { urlPattern: '/x', allow: ['a'], group: 'g' }],
      },
    ],
    hosts: ['http://10.0.0.9'],
  });
  t.strictSame(config, {
    name: 'gateway',
    port: 8080,
    timeout: '2s',
    max_shutdown_wait_time: '15s',
    host: ['http://10.0.0.9'],
    extra_config: {
      'telemetry/logging': {
        level: 'INFO',
        stdout: true,
        syslog: false,
        format: 'custom',
        custom_format: '%{time:2006/01/02 15:04:05.000} KRAKEND %{level}: %{message}',
      },
      'telemetry/metrics': { collection_time: '10s', listen_address: '127.0.0.1:8090' },
      router: { logger_skip_paths: ['/__health'] },
    },
    endpoints: [
      {
        endpoint: '/hello',
        method: 'POST',
        timeout: '800ms',
        output_encoding: 'no-op',
        input_headers: ['X-A'],
        input_query_strings: ['q'],
        extra_config: { 'validation/cel': [] },
        backend: [{ url_pattern: '/b', host: ['http://127.40.7.2:8300'], encoding: 'json' }],
      },
      {
        endpoint: '/two/{id}',
        method: 'GET',
        extra_config: {},
        backend: [
          { url_pattern: '/{id}', encoding: 'json' },
          { url_pattern: '/x', group: 'g', allow: ['a'], encoding: 'json' },
        ],
      },
    ],
    version: 3,
  });
  t.equal(service.health?.url, 'http://127.0.0.1:8080/__health');
  t.strictSame(service.metrics, [{ type: 'krakend', url: 'http://127.0.0.1:8090/__stats' }]);
  const file = service.steps.find((step) => step.type === 'file');
  t.match(file, { mode: 0o600, notify: 'restart' });
});

t.test(
  'under systemd it is the package’s unit, started anew with another version of the package',
  async (t) => {
    const { service } = await rendered(
      { version: '2.13.8-1', maxShutdown: 20, environment: { A: '50%' }, endpoints: [endpoint] },
      3,
      'systemd',
    );
    const config = service.steps.find((step) => step.type === 'file');
    t.match(config, { path: '/etc/krakend/krakend.json', owner: 'krakend', mode: 0o600, notify: 'restart' });
    const dropin = service.steps.find((step) => step.type === 'dropin');
    t.match(dropin, { unit: 'krakend.service', notify: 'restart', content: /^# Package 2\.13\.8-1:/m });
    for (const line of [
      'Restart=always',
      'TimeoutStopSec=25',
      'Environment="USAGE_DISABLE=1"',
      'Environment="A=50%%"',
    ]) {
      t.match(dropin, { content: new RegExp(`^${line}$`, 'm') });
    }
    t.match(
      service.steps.find((step) => step.type === 'package'),
      { name: 'krakend', version: '2.13.8-1' },
    );
    const any = await rendered({ endpoints: [endpoint] }, 3, 'systemd');
    t.notOk(any.service.steps.some((step) => step.type === 'package' && step.version !== undefined));
    t.match(service.logs, [{ unit: 'krakend.service', parser: 'krakend' }]);
  },
);

t.test('an own configuration wins, its endpoints and extra_config are added', async (t) => {
  const { config } = await rendered({
    port: 1,
    healthPath: '/up',
    endpoints: [endpoint],
    configuration: {
      port: 8443,
      version: 2,
      cache_ttl: '60s',
      endpoints: [{ endpoint: '/raw' }],
      extra_config: { 'security/cors': { max_age: '1h' }, router: { return_error_msg: true } },
    },
    tls: { certificate: '/etc/a.crt', key: '/etc/a.key' },
  });
  t.match(config, {
    version: 3,
    port: 8443,
    cache_ttl: '60s',
    tls: { keys: [{ public_key: '/etc/a.crt', private_key: '/etc/a.key' }] },
    endpoints: [{ endpoint: '/hello' }, { endpoint: '/raw' }],
    extra_config: {
      'security/cors': { max_age: '1h' },
      router: { return_error_msg: true, health_path: '/up', logger_skip_paths: ['/up'] },
    },
  });
  const empty = await rendered({ metricsPort: 0, configuration: { extra_config: {} } });
  t.strictSame(empty.config['endpoints'], []);
  t.notOk(JSON.stringify(empty.config).includes('telemetry/metrics'));
  t.strictSame(empty.service.metrics, [], 'what is off is not asked for');
});

t.test('limits are shared out among the gateways, whole and at least 1', async (t) => {
  const limits = async (params: Params, nodes: number) => {
    const { config } = await rendered({ endpoints: [endpoint], ...params }, nodes);
    const [first] = config['endpoints'] as { extra_config: Record<string, object> }[];
    return first?.extra_config['qos/ratelimit/router'];
  };
  const rateLimit = { maxRate: 100, clientMaxRate: 10 };
  t.strictSame(await limits({ rateLimit }, 1), { max_rate: 100, client_max_rate: 10, strategy: 'ip' });
  t.strictSame(await limits({ rateLimit }, 3), { max_rate: 33, client_max_rate: 3, strategy: 'ip' });
  t.strictSame(await limits({ rateLimit: { maxRate: 2 } }, 3), { max_rate: 1 });
  t.strictSame(await limits({ rateLimit, gateways: 2 }, 3), {
    max_rate: 50,
    client_max_rate: 5,
    strategy: 'ip',
  });
  const own = { ...endpoint, rateLimit: { clientMaxRate: 9, strategy: 'header', key: 'X-Key' } };
  t.strictSame(await limits({ rateLimit, endpoints: [own] }, 3), {
    client_max_rate: 3,
    key: 'X-Key',
    strategy: 'header',
  });
  t.equal(await limits({}, 3), undefined);
  const backends = [{ urlPattern: '/', hosts: ['http://a'], maxRate: 10, extra: { a: 1 } }];
  const { config } = await rendered({ endpoints: [{ path: '/x', backends }] }, 4);
  t.match(config, {
    endpoints: [
      { backend: [{ extra_config: { 'qos/ratelimit/proxy': { max_rate: 2, capacity: 2 }, a: 1 } }] },
    ],
  });
});

t.test(
  'a gateway serves, restarts with what changed, and refuses what it can not read',
  { skip },
  async (t) => {
    if (typeof program === 'string') return;
    installKrakend(t, program.path);
    const address = '127.40.7.1';
    await startBackend(t, '127.40.7.2', 8300, (request, response) => {
      if (request.url !== '/b') response.statusCode = 500;
      response.setHeader('Content-Type', 'application/json').end('{"from":"backend"}');
    });
    const dataDir = t.testdir();
    const host = await startHost(t, { dataDir, address });
    const base = { port: 8301, metricsPort: 8302, listenOn: 'node', endpoints: [endpoint] };
    const origin = `http://${address}:8301`;

    const first = await host.converge(manifest(1, base));
    t.match(first, { state: 'IDLE', failedHash: '', failure: null });
    t.strictSame(JSON.parse(String(await fetchText(`${origin}/hello`))), { from: 'backend' });
    const config = join(dataDir, 'services/gateway/krakend.json');
    t.equal(statSync(config).mode & 0o777, 0o600);

    t.test('its requests become fields, its health page is left out', async (t) => {
      await fetchText(`${origin}/hello?q=1`);
      await fetchText(`${origin}/none`);
      const seen = await until('the lines of the requests', () => {
        const parsed = host.output.map(
          (line) => parseLine('krakend', line, Date.now()).fields as Record<string, string | undefined>,
        );
        return parsed.some(({ path }) => path === '/none') ? parsed : undefined;
      });
      t.ok(
        seen.find(
          ({ path, status, method }) => path === '/hello?q=1' && status === '200' && method === 'GET',
        ),
      );
      t.match(
        seen.find(({ path }) => path === '/none'),
        { status: '404', seconds: /^[\d.e-]+$/, client: /^127\./ },
      );
      t.notOk(seen.some(({ path }) => path?.startsWith('/__health')));
      t.match(host.converger.observed()[0]?.logs, [
        {
          source: 'access',
          stdout: true,
          parser: 'krakend',
          traffic: { status: 'status', seconds: 'seconds' },
        },
      ]);
    });

    t.test('its statistics are told by endpoint and backend', async (t) => {
      const [source] = host.converger.observed()[0]?.metrics ?? [];
      t.equal(source?.url, 'http://127.0.0.1:8302/__stats');
      const values = (source && (await readServiceMetrics(source))) ?? {};
      t.ok((values['endpoint./hello.requests_total'] ?? 0) >= 2);
      t.ok((values['backend./b.requests_total'] ?? 0) >= 2);
    });

    t.test('a change starts another process, after requests under way', async (t) => {
      const agent = await host.converge(manifest(2, { ...base, timeout: '3s' }));
      t.equal(agent.failedHash, '');
      t.match(JSON.parse(readFileSync(config, 'utf8')), { timeout: '3s' });
      t.ok(
        host.output.filter((line) => line.includes('Listening on port')).length >= 2,
        'it was started again',
      );
    });

    t.test('what it can not read is refused before anything is touched', async (t) => {
      const before = statSync(config);
      const starts = host.output.filter((line) => line.includes('Listening on port')).length;
      const bad = await host.converge(manifest(3, { ...base, configuration: { timeout: 'soon' } }));
      t.match(bad, { state: 'FAILED', runningRevision: 2, failedRevision: 3 });
      t.match(bad.failure, {
        service: 'gateway',
        step: 'own-config',
        undone: true,
        message: /is refused: .*ERROR/s,
      });
      const routes = [endpoint, endpoint];
      const twice = await host.converge(manifest(4, { ...base, endpoints: routes }));
      t.match(twice.failure, { step: 'own-config', undone: true }, 'two endpoints on one route');
      t.equal(statSync(config).ino, before.ino);
      t.equal(host.output.filter((line) => line.includes('Listening on port')).length, starts);
      t.equal((await fetchStatus(`${origin}/hello`)).status, 200);
    });

    t.test('a port that another process has ends in an undo, though the gateway exits with 0', async (t) => {
      await startBackend(t, address, 8303, (_request, response) => response.end('other'));
      const taken = await host.converge(manifest(5, { ...base, port: 8303 }));
      t.match(taken.failure, { step: 'run', message: /didn't stay up/, undone: true });
      t.equal((await fetchStatus(`${origin}/hello`)).status, 200);
    });
  },
);

t.test('its share of a limit follows the number of gateways when that lasts', { skip }, async (t) => {
  if (typeof program === 'string') return;
  installKrakend(t, program.path);
  const address = '127.40.7.3';
  const dataDir = t.testdir();
  let later = 0;
  const clock = { ...systemClock, elapsed: () => systemClock.elapsed() + later };
  const gateway = (name: string, host: string) => ({ ...member(name, host), tags: { svc: 'gateway:h' } });
  const both = [gateway('one', address), gateway('two', '127.40.7.4')];
  const host = await startHost(t, { dataDir, address, clock, members: both });
  const share = () => {
    const text = readFileSync(join(dataDir, 'services/gateway/krakend.json'), 'utf8');
    return /"max_rate": (\d+)/.exec(text)?.[1];
  };
  const params = {
    port: 8304,
    metricsPort: 0,
    listenOn: 'node',
    endpoints: [endpoint],
    rateLimit: { maxRate: 90 },
  };
  t.match(await host.converge(manifest(1, params)), { failedHash: '', failure: null });
  t.equal(share(), '45');
  host.members = both.slice(0, 1);
  host.converger.factsChanged();
  t.match(await host.converge(manifest(2, { ...params, timeout: '3s' })), { failedHash: '' });
  t.equal(share(), '45', 'not at once, not by a rollout either');
  later = settleMs + 1000;
  host.converger.factsChanged();
  await until('the whole limit', () => share() === '90');
  t.equal(host.converger.report().failedHash, '');
});

function fetchStatus(url: string): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    }).on('error', reject);
  });
}
