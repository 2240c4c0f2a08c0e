import type { LogLine, NodeView, StatSeries } from '@shoal/common';
import { test } from 'tap';
import { loadLogic } from './console-logic.js';

/** What is tested here of the console: what comes from the controller, and what is kept of it. */
interface Logic {
  placeInput(http: string, input: object): { method: string; path: string; body: object | undefined };
  createEventParser(onEvent: (event: { event: string; data: string }) => void): (text: string) => void;
  LogBuffer: new (
    limit: number,
  ) => { add(line: LogLine): boolean; lines: readonly LogLine[]; dropped: number };
  severity(line: LogLine): string | undefined;
  chartGroups(series: readonly StatSeries[]): readonly { title: string; least: number }[];
  rates(points: StatSeries['points']): StatSeries['points'];
  applyEvent(
    state: object,
    event: object,
  ): { nodes: ReadonlyMap<string, NodeView>; steps: readonly object[]; gossipKeys: object; status?: object };
}

const logic = await loadLogic<Logic>([
  'api/routes',
  'api/event-stream',
  'logs/log-buffer',
  'logs/log-rows',
  'charts/chart-groups',
  'state/cluster',
]);

const line = (change: Partial<LogLine>): LogLine => ({
  node: 'a',
  service: 'web',
  source: 'access',
  at: 1,
  line: 'x',
  fields: {},
  cursor: '1',
  ...change,
});

test('input goes to path, query or body as the table says', async (t) => {
  const { placeInput } = logic;
  t.same(placeInput('GET /api/v1/nodes/:name', { name: 'a/b c' }), {
    method: 'GET',
    path: '/api/v1/nodes/a%2Fb%20c',
    body: undefined,
  });
  t.equal(
    placeInput('GET /stats', { node: 'a', metrics: ['x', 'y'], since: undefined }).path,
    '/stats?node=a&metrics=x&metrics=y',
  );
  t.same(placeInput('POST /tokens/{id}/revoke', { id: 't', why: 1 }), {
    method: 'POST',
    path: '/tokens/t/revoke',
    body: { why: 1 },
  });
});

test('server-sent events are put together from any pieces', async (t) => {
  const text = 'retry: 2000\n\n:\n\ndata: {"a":\ndata: 1}\n\nevent: error\ndata:x\r\n\r\ndata: unfinished';
  for (const size of [1, 3, 1000]) {
    const events: object[] = [];
    const parse = logic.createEventParser((event) => events.push(event));
    for (let at = 0; at < text.length; at += size) parse(text.slice(at, at + size));
    t.same(
      events,
      [
        { event: 'message', data: '{"a":\n1}' },
        { event: 'error', data: 'x' },
      ],
      `in pieces of ${size}`,
    );
  }
});

test('log lines are kept once and bounded', async (t) => {
  const buffer = new logic.LogBuffer(10);
  for (let n = 0; n < 30; n += 1) buffer.add(line({ cursor: `${n}` }));
  t.ok(buffer.lines.length <= 12);
  t.equal(buffer.lines.length + buffer.dropped, 30);
  t.equal(buffer.add(line({ cursor: '29' })), false, 'held already');
  t.equal(buffer.add(line({ cursor: '29', node: 'b' })), true, 'cursors are counted by node');
});

test('log lines are marked by level or status', async (t) => {
  t.equal(logic.severity(line({ fields: { level: 'error' } })), 'bad');
  t.equal(logic.severity(line({ fields: { level: 'WARN' } })), 'warn');
  t.equal(logic.severity(line({ fields: { status: '502' } })), 'bad');
  t.equal(logic.severity(line({ fields: { status: '404' } })), 'warn');
  t.equal(logic.severity(line({ fields: { status: '200' } })), undefined);
});

test('charts: counters become rates, memory has the whole as its scale', async (t) => {
  t.same(
    logic.rates([
      [0, 100],
      [10_000, 150],
      [20_000, 20],
      [30_000, 50],
    ]),
    [
      [10_000, 5],
      [30_000, 3],
    ],
    'no rate where the counter began anew',
  );
  const series = (metric: string, value: number): StatSeries => ({
    node: 'a',
    metric,
    points: [[1, value]],
  });
  t.match(
    logic.chartGroups([
      series('service.web.requests_total', 7),
      series('memory.total_bytes', 8e9),
      series('memory.used_bytes', 2e9),
      series('cpu.used', 0.1),
    ]),
    [{ title: 'CPU' }, { title: 'Memory', least: 8e9 }, { title: 'Requests, web' }],
  );
});

test('charts: a service whose log tells of its traffic has three, its own counter none', async (t) => {
  const series = (metric: string): StatSeries => ({ node: 'a', metric, points: [[1, 0.25]] });
  const groups = logic.chartGroups(
    ['requests_total', 'requests_per_s', 'error_rate', 'latency_p50_s', 'latency_p95_s'].map((name) =>
      series(`service.web-1.${name}`),
    ),
  );
  t.match(
    groups.map(({ title }) => title),
    ['Requests, web-1', 'Errors, web-1', 'Latency, web-1'],
  );
});

test('events change what is known, whole by whole', async (t) => {
  const start = { nodes: new Map(), rollouts: new Map(), steps: [], newest: null, revisionEvents: 0 };
  const node = { name: 'a', status: 'ok' };
  const one = logic.applyEvent(start, { type: 'node', node });
  t.same([...one.nodes.values()], [node]);
  t.equal(logic.applyEvent(one, { type: 'node-removed', name: 'a' }).nodes.size, 0);
  const keys = { encrypted: true };
  t.equal(logic.applyEvent(one, { type: 'gossip-keys', keys }).gossipKeys, keys);
  t.equal(start.nodes.size, 0, 'the state before stays as it was');
  let state = one;
  for (let n = 0; n < 2100; n += 1) state = logic.applyEvent(state, { type: 'step', event: { at: n } });
  t.equal(state.steps.length, 2000, 'bounded');
});

test('what is said of the license goes with it', async (t) => {
  const licensed = (tier: string, message: string) => ({
    tier,
    warnings: [{ severity: 'warning', message }],
  });
  const before = licensed('premium', 'it ends');
  const status = { tier: 'premium', license: before, warnings: ['it ends', 'node a is down'] };
  const after = logic.applyEvent({ status }, { type: 'license', license: licensed('free', 'it ended') });
  t.match(after.status, { tier: 'free', warnings: ['it ended', 'node a is down'] });
});
