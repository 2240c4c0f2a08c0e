import type { LogSource } from '@shoal/common';
import t from 'tap';
import { above, bucketCount, bucketOf, quantile, total } from './histogram.js';
import { requestOfLine } from './request-of-line.js';
import { Traffic } from './traffic.js';

function counted(latencies: readonly number[]): number[] {
  const counts = new Array<number>(bucketCount).fill(0);
  for (const seconds of latencies) {
    const bucket = bucketOf(seconds);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

t.test('latencies are kept to 9 percent, whatever their size', (t) => {
  const spread = Array.from({ length: 1000 }, (_, i) => 0.001 * 1.01 ** i);
  const counts = counted(spread.filter((seconds) => seconds < 60));
  const sorted = spread.filter((seconds) => seconds < 60);
  for (const part of [0.01, 0.5, 0.95, 1]) {
    const exact = sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    const found = quantile(counts, part) ?? 0;
    t.ok(Math.abs(found / exact - 1) < 0.1, `${part}: ${found} for ${exact}`);
  }
  t.equal(quantile(counted([]), 0.5), undefined);
  t.equal(total(counts), sorted.length);
  t.equal(Math.round(above(counts, 0.0001)), sorted.length);
  const slower = sorted.filter((seconds) => seconds > 0.1).length;
  t.ok(Math.abs(above(counts, 0.1) - slower) <= 10);
  t.equal(above(counted([0, 0.0001, 1e9, Number.POSITIVE_INFINITY]), 1), 2, 'no latency is out of range');
  t.end();
});

t.test('requests are found in lines of each format; other lines are none', (t) => {
  const nginx = '{"time":"2026-11-21T08:00:00.5+00:00","status":502,"request_time":"0.012"}';
  const at = Date.UTC(2026, 10, 21, 8, 0, 0, 500);
  const fields = { status: 'status', seconds: 'request_time' };
  const isRefused = false;
  t.strictSame(requestOfLine('json', nginx, fields, at), { at, status: 502, seconds: 0.012, isRefused });
  const nested = '{"response":{"status":"200"},"took":null}';
  const path = { status: 'response.status', seconds: 'took' };
  const sparse = { at: undefined, status: 200, seconds: undefined, isRefused };
  t.strictSame(requestOfLine('json', nested, path, at), sparse);
  const combined = '203.0.113.9 - - [21/Nov/2026:10:00:00 +0200] "GET / HTTP/1.1" 503 1 "-" "curl"';
  t.match(requestOfLine('combined', combined, { status: 'status' }, at), {
    at: Date.UTC(2026, 10, 21, 8),
    status: 503,
  });
  for (const line of ['', 'x', '[]', 'null', '{"status":"up"}', '{"status":0}', '{"status":1e9}', '{"a":{}}'])
    t.equal(requestOfLine('json', line, fields, at), undefined, line);
  t.end();
});

const source: LogSource = {
  source: 'access',
  file: '/x',
  parser: 'json',
  traffic: { status: 'status', seconds: 'took' },
};

function lineAt(ms: number, status: number, took?: number): string {
  return JSON.stringify({ time: new Date(ms).toISOString(), status, took });
}

t.test('requests are counted by the second in which they were answered, for five minutes', (t) => {
  const start = Date.UTC(2026, 10, 21);
  let now = start;
  const traffic = new Traffic(() => now);
  traffic.follow([
    { service: 'web', logs: [source], metrics: [] },
    { service: 'db', logs: [{ source: 'log', file: '/y' }], metrics: [] },
  ]);
  t.equal(traffic.window('db', start, start + 1), undefined, 'nothing tells of its requests');
  t.match(traffic.window('web', start, start + 1000), { requests: 0, errors: 0 });
  for (let second = 0; second < 600; second += 1) {
    now = start + second * 1000;
    for (let i = 0; i < 10; i += 1) traffic.line('web', source, lineAt(now + i, i === 0 ? 500 : 200, 0.01));
  }
  t.match(traffic.window('web', now - 59_000, now + 1000), { requests: 600, errors: 60, ms: 60_000 });
  t.match(traffic.window('web', 0, now + 1000), { requests: 3000 }, 'no more than five minutes are kept');
  t.equal(traffic.lastSeen('web'), now);
  const later = now + 5000;
  now = later;
  traffic.line('web', source, lineAt(later - 3000, 200, 0.01));
  traffic.line('web', source, lineAt(later - 400_000, 200, 0.01));
  traffic.line('web', source, lineAt(later + 60_000, 200, 0.01));
  traffic.line('web', source, 'no request');
  traffic.line('db', { source: 'log', file: '/y' }, lineAt(later, 200));
  t.match(traffic.window('web', later - 4000, later), { requests: 1 }, 'late lines count where they belong');
  t.equal(traffic.lastSeen('web'), later, 'but it was seen now');
  traffic.follow([{ service: 'web', logs: [source], metrics: [] }]);
  t.match(traffic.window('web', later - 4000, later), { requests: 1 }, 'what goes on is kept');
  traffic.follow([]);
  t.equal(traffic.window('web', later - 4000, later), undefined);
  t.end();
});

t.test(
  'requests that the lease’s limit refused are counted by themselves, where a log tells of them',
  (t) => {
    const start = Date.UTC(2026, 10, 21);
    let now = start;
    const traffic = new Traffic(() => now);
    const telling = { ...source, traffic: { status: 'status', refused: 'refused' } };
    traffic.follow([
      { service: 'lb', logs: [telling], metrics: [] },
      { service: 'web', logs: [source], metrics: [] },
    ]);
    t.equal(traffic.metrics(10_000)['service.lb.refused_per_s'], 0);
    const line = (status: number, refused: unknown): string =>
      JSON.stringify({ time: new Date(start).toISOString(), status, refused });
    for (let i = 0; i < 20; i += 1) traffic.line('lb', telling, line(429, 'limit'));
    for (const other of ['', '-', true, undefined]) traffic.line('lb', telling, line(429, other));
    traffic.line('web', source, line(429, 'limit'));
    now = start + 3000;
    const metrics = traffic.metrics(10_000);
    t.match(metrics, {
      'service.lb.refused_per_s': 2,
      'service.lb.requests_per_s': 2.4,
      'service.lb.error_rate': 0,
    });
    t.notOk('service.web.refused_per_s' in metrics, 'its source tells of none');
    t.equal(traffic.refused, 20, 'since the start');
    t.end();
  },
);

t.test('samples tell rate, errors and latency of their interval', (t) => {
  const start = Date.UTC(2026, 10, 21);
  let now = start;
  const traffic = new Traffic(() => now);
  traffic.follow([{ service: 'web', logs: [source], metrics: [] }]);
  t.strictSame(traffic.metrics(10_000), { 'service.web.requests_per_s': 0 });
  for (let i = 0; i < 100; i += 1) traffic.line('web', source, lineAt(start, i < 5 ? 503 : 200, 0.01));
  now = start + 3000;
  const { 'service.web.latency_p95_s': p95 = 0, ...rest } = traffic.metrics(10_000);
  t.match(rest, { 'service.web.requests_per_s': 10, 'service.web.error_rate': 0.05 });
  t.ok(p95 > 0.009 && p95 < 0.011);
  t.end();
});
