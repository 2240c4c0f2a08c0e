import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LicenseView, LogLine, NodeView, StatSeries } from '@shoal/common';
import { build } from 'esbuild';
import { test } from 'tap';

const source = fileURLToPath(new URL('../../../packages/console/src/', import.meta.url));

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly selectFrom: number;
  readonly selectTo: number;
}

/** What is tested here of the console: its parts without a page. */
interface Logic {
  placeInput(http: string, input: object): { method: string; path: string; body: object | undefined };
  createEventParser(onEvent: (event: { event: string; data: string }) => void): (text: string) => void;
  relativeTime(at: number, now: number): string;
  hourAndMinute(at: number, now: number): string;
  verdict(node: Partial<NodeView>): string;
  withoutLink(node: Partial<NodeView>): string | undefined;
  lasting(since: number, now: number): string;
  rotationState(view: object, now: number): { kind: string; others?: readonly string[]; isStuck?: boolean };
  formatBytes(bytes: number): string;
  parseUnifiedDiff(text: string): readonly object[];
  passwordStrength(password: string, userName: string): string;
  indentEdit(value: string, start: number, end: number): Edit;
  outdentEdit(value: string, start: number, end: number): Edit;
  newlineEdit(value: string, start: number, end: number): Edit;
  highlightLine(line: string): readonly { kind: string; text: string }[];
  LogBuffer: new (
    limit: number,
  ) => { add(line: LogLine): boolean; lines: readonly LogLine[]; dropped: number };
  severity(line: LogLine): string | undefined;
  chartGroups(series: readonly StatSeries[]): readonly { title: string; least: number }[];
  rates(points: StatSeries['points']): StatSeries['points'];
  possibleActions(rollout: object, isNewest: boolean): readonly string[];
  wasUndone(rollout: object): boolean;
  batchesOf(nodes: readonly object[]): readonly { number: number; nodes: readonly object[] }[];
  messageParts(message: string): readonly { kind: string; text: string; at?: number }[];
  drainState(node: object): { isAsked: boolean; title: string; detail: string } | undefined;
  servedElsewhere(service: string, name: string, nodes: readonly object[]): boolean;
  useWords(use: { used: number; limit: number | null }): string;
  useTone(use: { used: number; limit: number | null }): string;
  serviceLimitWords(limits: Readonly<Record<string, number>>): string;
  featureWords(features: readonly string[]): string;
  timeLeft(at: number, now: number): string;
  licenseDifferences(
    before: LicenseView,
    after: LicenseView,
    now: number,
  ): readonly { what: string; before: string; after: string; isChanged: boolean }[];
  leaseTroubles(nodes: readonly object[]): readonly object[];
  typeWords(schema: object): string;
  limitWords(schema: object): readonly string[];
  applyEvent(
    state: object,
    event: object,
  ): { nodes: ReadonlyMap<string, NodeView>; steps: readonly object[]; gossipKeys: object };
}

const modules = [
  'api/routes',
  'api/event-stream',
  'lib/time',
  'lib/draining',
  'lib/format',
  'lib/gossip-keys',
  'lib/last-known',
  'lib/license-words',
  'lib/message-parts',
  'lib/rollout-words',
  'lib/unified-diff',
  'lib/parameter-words',
  'lib/password',
  'editor/edit-keys',
  'editor/highlight',
  'logs/log-buffer',
  'logs/log-rows',
  'charts/chart-groups',
  'state/cluster',
];

/** The console is built for browsers by Vite; here these modules alone are, for Node. */
async function loadLogic(dir: string): Promise<Logic> {
  const outfile = `${dir}/logic.mjs`;
  await build({
    stdin: {
      contents: modules.map((name) => `export * from './${name}.js';`).join('\n'),
      resolveDir: source,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    logLevel: 'silent',
  });
  return (await import(pathToFileURL(outfile).href)) as Logic;
}

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

test('the console without a page', async (t) => {
  const logic = await loadLogic(t.testdir({}));

  t.test('input goes to path, query or body as the table says', async (t) => {
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

  t.test('server-sent events are put together from any pieces', async (t) => {
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

  t.test('times and sizes are told in one unit', async (t) => {
    const now = 1_000_000_000;
    t.equal(logic.relativeTime(now - 3_000, now), 'just now');
    t.equal(logic.relativeTime(now - 59_000, now), '59 s ago');
    t.equal(logic.relativeTime(now - 150_000, now), '3 min ago');
    t.equal(logic.relativeTime(now + 3_600_000, now), 'in 1 h');
    t.equal(logic.relativeTime(now - 72 * 3_600_000, now), '3 d ago');
    t.equal(logic.lasting(now - 44_000, now), 'for 44 s');
    t.equal(logic.lasting(now + 2_000, now), 'for a moment');
    t.equal(logic.formatBytes(999), '999 B');
    t.equal(logic.formatBytes(1_400_000_000), '1.4 GB');
  });

  t.test('what was last known of a node without a link is told as past', async (t) => {
    const good = { hash: 'a', revision: 1 };
    const node = (change: Partial<NodeView>) =>
      logic.verdict({ connected: false, desired: good, running: good, failed: null, ...change });
    t.equal(node({ connected: true }), 'It runs what it shall');
    t.equal(node({}), 'It ran what it should');
    t.match(node({ running: { hash: 'b', revision: 2 } }), /^It didn’t run yet/);
    t.match(node({ running: null }), /^It ran nothing/);
    t.equal(node({ desired: null }), 'Nothing is desired of this node yet');
    t.match(logic.withoutLink({ connected: false, member: 'dead' }), /the gossip says dead/);
    t.match(logic.withoutLink({ connected: false, member: 'left' }), /the gossip says left/);
    t.match(logic.withoutLink({ connected: false, member: null }), /doesn’t know the node/);
    t.equal(logic.withoutLink({ connected: true, member: 'alive' }), undefined);
    const at = (day: number, hour: number) => new Date(2026, 10, day, hour, 3).getTime();
    t.equal(logic.hourAndMinute(at(21, 14), at(21, 16)), '14:03');
    t.equal(logic.hourAndMinute(at(20, 14), at(21, 16)), 'Nov 20, 14:03');
  });

  t.test('a rotation of the gossip key is stuck by who is away, or by time', async (t) => {
    const keys = ['a', 'b', 'c'].map((fingerprint, index) => ({
      fingerprint,
      state: ['primary', 'installed', 'removed'][index],
    }));
    const running = { stage: 'installing', stageAt: 0, endedAt: null, waitingFor: [] as object[] };
    const state = (rotation: object | null, now = 0) => logic.rotationState({ keys, rotation }, now);
    t.match(state(null), { kind: 'none', others: ['b'] });
    t.match(state({ ...running, stage: 'done', endedAt: 1 }), { kind: 'none' });
    t.match(state({ ...running, stage: 'aborted', endedAt: 1 }), { kind: 'aborted', others: ['b'] });
    t.match(state(running), { kind: 'running', isStuck: false });
    t.match(state({ ...running, waitingFor: [{ member: 'n', why: 'away' }] }), { isStuck: true });
    const slow = { ...running, waitingFor: [{ member: 'n', why: 'lacks-new' }] };
    t.match(state(slow, 1_000), { isStuck: false });
    t.match(state(slow, 61_000), { isStuck: true });
  });

  t.test('a unified diff gets the line numbers of both sides', async (t) => {
    const text = '--- a\n+++ b\n@@ -3,2 +3,3 @@\n same\n-old\n+new\n+--more\n\\ No newline at end of file\n';
    t.match(logic.parseUnifiedDiff(text), [
      { kind: 'hunk' },
      { kind: 'same', before: 3, after: 3, text: 'same' },
      { kind: 'removed', before: 4, after: null, text: 'old' },
      { kind: 'added', before: null, after: 4, text: 'new' },
      { kind: 'added', before: null, after: 5, text: '--more' },
      { kind: 'note', text: 'No newline at end of file' },
    ]);
    t.same(logic.parseUnifiedDiff(''), []);
  });

  t.test('a password is judged by length first', async (t) => {
    t.equal(logic.passwordStrength('Aa1!Aa1!Aa1', 'admin'), 'too short');
    t.equal(logic.passwordStrength('aaaaaaaaaaaaaaaaaa', 'admin'), 'weak');
    t.equal(logic.passwordStrength('abcdefghijklmnop', 'admin'), 'weak');
    t.equal(logic.passwordStrength('admin-of-the-harbor', 'admin'), 'weak', 'it holds the user name');
    t.equal(logic.passwordStrength('seven herrings in a row', 'admin'), 'strong');
  });

  t.test('keys indent as YAML wants it', async (t) => {
    const after = (value: string, { from, to, text }: Edit) => value.slice(0, from) + text + value.slice(to);
    t.equal(after('a:', logic.indentEdit('a:', 1, 1)), 'a :', 'to the next even column');
    const lines = 'a:\nb:\n\nc:\n';
    const edit = logic.indentEdit(lines, 0, 7);
    t.equal(
      after(lines, edit),
      '  a:\n  b:\n\nc:\n',
      'a selection that ends at a line start leaves that line',
    );
    t.same([edit.selectFrom, edit.selectTo], [2, 11]);
    t.equal(after('    x', logic.outdentEdit('    x', 4, 4)), '  x');
    t.equal(after('x', logic.outdentEdit('x', 0, 0)), 'x');
    t.equal(after('  web:', logic.newlineEdit('  web:', 6, 6)), '  web:\n    ');
    t.equal(after('  port: 80', logic.newlineEdit('  port: 80', 10, 10)), '  port: 80\n  ');
  });

  t.test('YAML is colored, and not a character is lost', async (t) => {
    const kinds = (text: string) => logic.highlightLine(text).filter(({ text: part }) => part !== '');
    t.same(kinds('  port: 80 # later'), [
      { kind: 'plain', text: '  ' },
      { kind: 'key', text: 'port:' },
      { kind: 'number', text: ' 80 ' },
      { kind: 'comment', text: '# later' },
    ]);
    t.match(kinds('url: "http://x#y"'), [{ kind: 'key' }, { kind: 'string', text: ' "http://x#y"' }]);
    for (const text of ['- {a: b}', "it's: 'a # b' # c", '# only', 'plain: http://a:1/#x', '\t: odd', '']) {
      t.equal(
        kinds(text)
          .map((token) => token.text)
          .join(''),
        text,
      );
    }
  });

  t.test('log lines are kept once and bounded', async (t) => {
    const buffer = new logic.LogBuffer(10);
    for (let n = 0; n < 30; n += 1) buffer.add(line({ cursor: `${n}` }));
    t.ok(buffer.lines.length <= 12);
    t.equal(buffer.lines.length + buffer.dropped, 30);
    t.equal(buffer.add(line({ cursor: '29' })), false, 'held already');
    t.equal(buffer.add(line({ cursor: '29', node: 'b' })), true, 'cursors are counted by node');
  });

  t.test('log lines are marked by level or status', async (t) => {
    t.equal(logic.severity(line({ fields: { level: 'error' } })), 'bad');
    t.equal(logic.severity(line({ fields: { level: 'WARN' } })), 'warn');
    t.equal(logic.severity(line({ fields: { status: '502' } })), 'bad');
    t.equal(logic.severity(line({ fields: { status: '404' } })), 'warn');
    t.equal(logic.severity(line({ fields: { status: '200' } })), undefined);
  });

  t.test('of a rollout only what is possible now can be asked', async (t) => {
    const ask = (status: string, change: object = {}) =>
      logic.possibleActions({ status, undone: false, nodes: [], ...change }, true);
    const changed = [{ startedAt: 1, previous: 2, status: 'failed' }];
    t.same(ask('running'), ['pause', 'abort']);
    t.same(ask('awaiting-promotion'), ['promote', 'pause', 'abort']);
    t.same(ask('failed', { nodes: changed }), ['retry', 'undo']);
    t.same(ask('failed', { nodes: changed, undone: true }), ['retry']);
    t.same(ask('aborted', { nodes: [{ startedAt: null, previous: 2 }] }), ['retry'], 'nothing to undo');
    t.same(ask('succeeded'), []);
    t.same(ask('succeeded', { nodes: changed }), ['retry'], 'a node that came late failed');
    t.same(logic.possibleActions({ status: 'running', nodes: [] }, false), [], 'not the newest');
    const undone = (...nodes: object[]) => logic.wasUndone({ undone: true, nodes });
    t.equal(undone({ status: 'undone', failure: null }), true);
    t.equal(undone({ status: 'failed', failure: {} }), true);
    t.equal(undone({ status: 'failed', failure: { untouched: true } }), false, 'nothing was touched');
    const batches = logic.batchesOf([{ batch: 2 }, { batch: 0 }, { batch: 1 }, { batch: 2 }]);
    t.match(
      batches.map(({ number, nodes }) => [number, nodes.length]),
      [
        [1, 1],
        [2, 2],
        [0, 1],
      ],
    );
  });

  t.test('commands and times in messages are told apart from words', async (t) => {
    const parts = logic.messageParts(
      'Anna paused it at 2026-11-21T10:00:00.000Z. Go on: shoal rollout resume.',
    );
    t.match(parts, [
      { kind: 'words', text: 'Anna paused it ' },
      { kind: 'time', at: Date.UTC(2026, 10, 21, 10) },
      { kind: 'words', text: '. Go on: ' },
      { kind: 'command', text: 'shoal rollout resume' },
      { kind: 'words', text: '.' },
    ]);
    for (const command of [
      'shoal rollout abort --keep --revision 12',
      'shoal license install FILE',
      'shoal license rm lic-7.b',
      'shoal revision restore NUMBER',
    ]) {
      t.match(
        logic.messageParts(`Try: ${command}.`),
        [{}, { kind: 'command', text: command }, { kind: 'words', text: '.' }],
        command,
      );
    }
    const now = 'it ended 2026-11-21T10:00:00.000Z; it is 2026-11-21T11:00:00.000Z now';
    t.match(
      logic.messageParts(now),
      [{}, { kind: 'time' }, { kind: 'words', text: '; it is 2026-11-21T11:00:00.000Z now' }],
      'the time that it is stays as it is told',
    );
    t.same(logic.messageParts(''), []);
  });

  t.test('charts: counters become rates, memory has the whole as its scale', async (t) => {
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

  t.test('charts: a service whose log tells of its traffic has three, its own counter none', async (t) => {
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

  t.test('who drains a node, and whether others serve, is told', async (t) => {
    const services = [{ service: 'web', health: 'healthy' }];
    const node = { name: 'a', member: 'alive', connected: true, services, draining: [], drainAsked: [] };
    t.equal(logic.drainState(node), undefined);
    t.match(logic.drainState({ ...node, draining: ['web'] }), { isAsked: false, title: /for a change/ });
    const asked = { ...node, drainAsked: ['*'] };
    t.match(logic.drainState(asked), { isAsked: true, detail: /hasn’t confirmed it yet for web/ });
    t.match(logic.drainState({ ...asked, draining: ['web'] }), { isAsked: true, detail: '' });
    t.match(logic.drainState({ ...asked, connected: false }), { detail: /as it comes back/ });
    const others = (change: object) =>
      logic.servedElsewhere('web', 'a', [node, { ...node, name: 'b', ...change }]);
    t.equal(others({}), true);
    for (const change of [
      { name: 'a' },
      { member: 'dead' },
      { drainAsked: ['*'] },
      { draining: ['web'] },
      { services: [] },
      { services: [{ service: 'web', health: 'unhealthy' }] },
    ]) {
      t.equal(others(change), false, JSON.stringify(change));
    }
  });

  t.test('a license is told in words, and what another one would change', async (t) => {
    const limit = (used: number, most: number | null) => ({ used, limit: most });
    t.equal(logic.useWords(limit(2, 5)), '2 of 5');
    t.equal(logic.useWords(limit(3, null)), '3, no limit');
    t.same(
      [limit(1, 2), limit(2, 2), limit(3, 2), limit(9, null)].map((use) => logic.useTone(use)),
      ['good', 'warn', 'bad', 'good'],
    );
    t.equal(logic.serviceLimitWords({ requestsPerSecond: 5000 }), '5,000 requests per second');
    t.equal(logic.serviceLimitWords({}), 'no limit');
    t.same([['*'], [], ['waf', 'sso']].map(logic.featureWords), ['all', 'none', 'waf, sso']);
    const now = Date.UTC(2027, 0, 1);
    t.equal(logic.timeLeft(now + 23 * 86_400_000, now), '23 d left');
    t.equal(logic.timeLeft(now - 3 * 3_600_000, now), 'ended 3 h ago');
    const limits = { sites: limit(1, 1), nodes: limit(2, 10), features: [], service: {} };
    const before = { tier: 'free', licenseId: null, expiresAt: null, leaseMs: 1000, limits } as never;
    const after = {
      tier: 'premium',
      licenseId: 'a',
      customer: 'Harbor',
      expiresAt: now + 86_400_000,
      leaseMs: 1000,
      limits: { ...limits, sites: limit(1, 5) },
    } as never;
    const changed = logic.licenseDifferences(before, after, now).filter(({ isChanged }) => isChanged);
    t.same(
      changed.map((row) => [row.what, row.before, row.after]),
      [
        ['License', 'none', 'a'],
        ['Tier', 'free', 'premium'],
        ['Customer', '–', 'Harbor'],
        ['Ends', '–', '2027-01-02, 24 h left'],
        ['Sites', '1 of 1', '1 of 5'],
      ],
    );
    const node = (name: string, state: string) => ({ name, lease: { tier: 'free', state, expiresAt: 1 } });
    t.same(
      logic.leaseTroubles([
        node('c', 'expired'),
        node('b', 'degraded'),
        node('a', 'degraded'),
        { lease: null },
      ]),
      [
        { state: 'degraded', nodes: ['a', 'b'] },
        { state: 'expired', nodes: ['c'] },
      ],
      'the worse first',
    );
    t.same(logic.leaseTroubles([node('a', 'warning')]), []);
  });

  t.test('parameters are told in words', async (t) => {
    t.equal(logic.typeWords({ type: 'array', items: { type: 'string' } }), 'list of string');
    t.equal(logic.typeWords({ type: 'object', additionalProperties: { type: 'integer' } }), 'map of integer');
    t.same(logic.limitWords({ type: 'integer', minimum: 1, maximum: 9 }), ['1 to 9']);
    t.same(logic.limitWords({ type: 'string', enum: ['all', 'node'], pattern: '^x', minLength: 2 }), [
      'one of all, node',
      'at least 2 characters',
      'like ^x',
    ]);
    t.same(logic.limitWords({ type: 'array', items: { type: 'string', expected: 'a path' } }), [
      'each a path',
    ]);
  });

  t.test('events change what is known, whole by whole', async (t) => {
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
});
