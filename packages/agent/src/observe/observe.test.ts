import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { HostSampler } from './host/host-sampler.js';
import { maxNamed, parseKrakendStats } from './host/krakend-stats.js';
import { parseCpu, parseMounts } from './host/proc.js';
import { parsePrometheus, parseStubStatus, readServiceMetrics } from './host/service-metrics.js';
import { parseGoDuration } from './parse/krakend.js';
import { parseLine } from './parse/parse-line.js';

const readAt = Date.UTC(2026, 10, 21, 9);

t.test('lines are taken apart by their source’s parser; what does not fit stays whole', (t) => {
  const combined =
    '203.0.113.9 - bob [21/Nov/2026:10:00:00 +0200] "GET /a?b=\\"c\\" HTTP/1.1" 502 157 "-" "curl/8.5.0"';
  t.strictSame(parseLine('combined', combined, readAt), {
    at: Date.UTC(2026, 10, 21, 8),
    fields: {
      client: '203.0.113.9',
      user: 'bob',
      method: 'GET',
      path: '/a?b=\\"c\\"',
      protocol: 'HTTP/1.1',
      status: '502',
      bytes: '157',
      agent: 'curl/8.5.0',
    },
  });
  const error =
    '2026/11/21 08:56:40 [error] 12#12: *3 connect() failed, client: 127.0.0.1, server: _, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:9/"';
  t.strictSame(parseLine('nginx-error', error, readAt), {
    at: new Date(2026, 10, 21, 8, 56, 40).getTime(),
    fields: {
      level: 'error',
      pid: '12',
      connection: '3',
      client: '127.0.0.1',
      request: 'GET / HTTP/1.1',
      upstream: 'http://127.0.0.1:9/',
    },
  });
  const json =
    '{"time":"2026-11-21T08:00:00.5Z","level":50,"req":{"path":"/x"},"ok":true,"tags":[1],"none":null}';
  t.strictSame(parseLine('json', json, readAt), {
    at: Date.UTC(2026, 10, 21, 8, 0, 0, 500),
    fields: { level: 'error', 'req.path': '/x', ok: 'true' },
  });
  t.equal(parseLine('json', '{"msec":"1795248000.123"}', readAt).at, 1_795_248_000_123);
  t.strictSame(
    parseLine('json', '{"time":"2099-01-01T00:00:00Z"}', readAt),
    { fields: {} },
    'no time of the future',
  );
  for (const parser of ['plain', 'json', 'combined', 'nginx-error', 'krakend'] as const) {
    for (const line of ['', 'garbage', '[]', '{"a":', 'null', '\0'.repeat(100)]) {
      t.strictSame(parseLine(parser, line, readAt), { fields: {} });
    }
  }
  t.end();
});

t.test('the host is measured from the kernel’s files; rates from the second sample on', async (t) => {
  const files: Record<string, string> = {
    '/proc/stat': 'cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 1 1 1\n',
    '/proc/meminfo':
      'MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\n',
    '/proc/loadavg': '0.50 0.25 0.10 1/100 1234\n',
    '/proc/net/dev': 'h\nh\n    lo: 9 0 0 0 0 0 0 0 9 0\n  eth0: 1000 0 0 0 0 0 0 0 500 0\n',
    '/proc/diskstats': '254 0 vda 1 0 100 0 1 0 200 0 0 0 0\n254 1 vda1 1 0 100 0 1 0 200 0 0 0 0\n',
    '/proc/mounts':
      'overlay / overlay rw 0 0\n/dev/vdb /data ext4 rw 0 0\n/dev/vdb /data2 ext4 rw 0 0\nproc /proc proc rw 0 0\n',
  };
  let at = 0;
  const sampler = new HostSampler({
    read: async (path) => files[path] ?? Promise.reject(new Error(path)),
    disk: async (path) => (path === '/data' ? { total: 100, used: 30 } : undefined),
    now: () => at,
  });
  const first = await sampler.sample();
  t.strictSame(first, {
    'memory.total_bytes': 1_024_000,
    'memory.used_bytes': 614_400,
    'swap.used_bytes': 6144,
    'load.1m': 0.5,
    'load.5m': 0.25,
    'load.15m': 0.1,
    'disk./data.total_bytes': 100,
    'disk./data.used_bytes': 30,
  });
  at = 10_000;
  files['/proc/stat'] = 'cpu  150 0 100 750 100 0 0 0 90 0\n';
  files['/proc/net/dev'] = '  eth0: 3000 0 0 0 0 0 0 0 400 0\n';
  files['/proc/diskstats'] = '254 0 vda 1 0 110 0 1 0 300 0 0 0 0\n';
  const second = await sampler.sample();
  t.match(second, {
    'cpu.used': 0.5,
    'cpu.iowait': 0,
    'net.rx_bytes_per_s': 200,
    'net.tx_bytes_per_s': 0,
    'disk.read_bytes_per_s': 512,
    'disk.written_bytes_per_s': 5120,
  });
  t.equal(parseCpu('nothing'), undefined);
  t.strictSame(parseMounts(''), []);
  const real = new HostSampler();
  await real.sample();
  t.ok((await real.sample())['memory.total_bytes']);
});

t.test('services’ own metrics: stub_status, Prometheus, and pages that are neither', async (t) => {
  const stub =
    'Active connections: 2 \nserver accepts handled requests\n 16 15 31 \nReading: 0 Writing: 1 Waiting: 1 \n';
  t.strictSame(parseStubStatus(stub), {
    connections: 2,
    accepted_total: 16,
    handled_total: 15,
    requests_total: 31,
    reading: 0,
    writing: 1,
    waiting: 1,
  });
  t.equal(parseStubStatus('<html>'), undefined);
  const text =
    '# HELP a x\n# TYPE a counter\na{x="1 2"} 3\na{x="b"} 4 1700000000000\nup 1\nh_bucket{le="1"} 5\nh_sum 2.5\nbad NaN\ns{quantile="0.5"} 1\n';
  t.strictSame(parsePrometheus(text), { a: 7, up: 1, h_sum: 2.5 });

  const server = createServer((request, response) => {
    if (request.url === '/stub') response.end(stub);
    else if (request.url === '/huge') response.end('x'.repeat(2_000_000));
    else if (request.url === '/trickles') {
      const timer = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(timer));
    } else if (request.url !== '/hangs') response.writeHead(404).end(stub);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.50.3.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.50.3.1:${(server.address() as AddressInfo).port}`;
  const source = (path: string) => ({ type: 'nginx-stub-status' as const, url: `${url}${path}` });
  t.equal((await readServiceMetrics(source('/stub')))?.['connections'], 2);
  for (const path of ['/huge', '/missing']) t.equal(await readServiceMetrics(source(path)), undefined, path);
  for (const path of ['/hangs', '/trickles']) {
    t.equal(await readServiceMetrics(source(path), 50), undefined, path);
  }
  t.equal(await readServiceMetrics({ type: 'prometheus', url: 'http://127.50.3.1:1/' }), undefined);
});

// The access lines were printed by Gin 1.12.0, the one in KrakenD 2.13.
t.test('what KrakenD prints becomes fields: its access lines and its own', (t) => {
  const at = (second: number) => new Date(2026, 10, 20, 18, 32, second).getTime();
  const table: readonly (readonly [string, object])[] = [
    [
      '[GIN] 2026/11/20 - 18:32:43 | 200 | 13.851µs |       127.0.0.1 | GET      "/a"',
      {
        at: at(43),
        fields: { method: 'GET', path: '/a', status: '200', seconds: '0.000013851', client: '127.0.0.1' },
      },
    ],
    [
      '[GIN] 2026/11/20 - 18:32:43 | 502 |   3.18ms |             ::1 | POST     "/slow?x=1&y=%22a%22"',
      { fields: { method: 'POST', path: '/slow?x=1&y=%22a%22', status: '502', seconds: '0.00318' } },
    ],
    [
      '[GIN] 2026/11/20 - 18:32:44 | 404 |     90ns |       127.0.0.1 | GET      "/none\\"\\né\\x00x"',
      { fields: { path: '/none"\né\\x00x', seconds: '9e-8' } },
    ],
    [
      '[GIN] 2026/11/20 - 18:32:44 |\u001b[97;42m 200 \u001b[0m|     1.05s |       127.0.0.1 |\u001b[97;44m GET     \u001b[0m "/q"',
      { at: at(44), fields: { method: 'GET', status: '200', seconds: '1.05', path: '/q' } },
    ],
    [
      '2026/11/20 18:32:45 KRAKEND ERROR: [ENDPOINT: /hello] invalid status code',
      {
        at: at(45),
        fields: { level: 'error', component: 'ENDPOINT: /hello', message: 'invalid status code' },
      },
    ],
    [
      '2026/11/20 18:32:45.250 KRAKEND INFO: Starting the KrakenD instance',
      { at: at(45) + 250, fields: { level: 'info', message: 'Starting the KrakenD instance' } },
    ],
    [
      '[KRAKEND] 2026/11/20 - 18:32:45.250 \u001b[33m▶ WARNING\u001b[0m [SERVICE: Gin] careful',
      { at: at(45) + 250, fields: { level: 'warning', component: 'SERVICE: Gin', message: 'careful' } },
    ],
    ['Error #01: invalid status code', { fields: {} }],
  ];
  for (const [line, expected] of table) t.match(parseLine('krakend', line, readAt), expected, line);
  t.strictSame(['1m10s', '2h0m0s', '0s', '5', 'x1s', ''].map(parseGoDuration), [
    70,
    7200,
    0,
    undefined,
    undefined,
    undefined,
  ]);
  t.end();
});

t.test('KrakenD’s own statistics are told by endpoint and backend, of so many', (t) => {
  const router = 'krakend.router.response./users/:id';
  const backend = (what: string, name: string, end: string) =>
    `krakend.proxy.${what}.layer.backend.name.${name}.complete.${end}`;
  const page = {
    cmdline: ['krakend'],
    'krakend.router.connected-total': 12,
    [`${router}.status`]: 0,
    [`${router}.status.200.count`]: 9,
    [`${router}.status.503.count`]: 2,
    [`${router}.time.50-percentile`]: 2_000_000,
    [`${router}.time.95-percentile`]: 1_500_000_000,
    'krakend.router.response./v1.0/a.status.404.count': 1,
    [backend('requests', '/u/{{.Id}}', 'true.error.false')]: 8,
    [backend('requests', '/u/{{.Id}}', 'false.error.true')]: 3,
    [backend('latency', '/u/{{.Id}}', 'true.error.false.95-percentile')]: 1_000_000,
    [backend('latency', '/u/{{.Id}}', 'false.error.true.95-percentile')]: 7,
    'krakend.proxy.requests.layer.pipe.name./users/:id.complete.true.error.false': 99,
  };
  t.strictSame(parseKrakendStats(JSON.stringify(page)), {
    connected_total: 12,
    requests_total: 12,
    errors_total: 2,
    'endpoint./users/:id.requests_total': 11,
    'endpoint./users/:id.errors_total': 2,
    'endpoint./users/:id.latency_p50_s': 0.002,
    'endpoint./users/:id.latency_p95_s': 1.5,
    'endpoint./v1.0/a.requests_total': 1,
    'endpoint./v1.0/a.errors_total': 0,
    'backend./u/{{.Id}}.requests_total': 11,
    'backend./u/{{.Id}}.errors_total': 3,
    'backend./u/{{.Id}}.latency_p95_s': 0.001,
  });
  const many = Array.from({ length: 500 }, (_, n) => [`krakend.router.response./e${n}.status.200.count`, 1]);
  const values = parseKrakendStats(JSON.stringify(Object.fromEntries(many))) ?? {};
  t.equal(values['requests_total'], 500);
  t.equal(Object.keys(values).filter((name) => name.startsWith('endpoint.')).length, 2 * maxNamed);
  for (const text of ['{}', '[]', 'null', 'x', '{"krakend.router.connected-total":"1"}']) {
    t.equal(parseKrakendStats(text), undefined, text);
  }
  t.end();
});
