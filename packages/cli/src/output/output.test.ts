import type { GossipKeyRotationView, GossipKeyWait, LicenseView, PlanRollout } from '@shoal/common';
import { test } from 'tap';
import { diffOf } from '../commands/revision.js';
import { changeLines, diffText } from './changes.js';
import { rotateQuestion, waitedForLines, waitHint } from './gossip-keys.js';
import {
  installedText,
  leaseText,
  licenseLine,
  licenseText,
  onlyInstalled,
  previewText,
  removedText,
} from './license.js';
import { grepExpression, logLineText } from './log-line.js';
import { planText } from './plan.js';
import { plannedNodesText } from './planned-nodes.js';
import { plannedRolloutText } from './planned-rollout.js';
import { strategyLine } from './strategy.js';
import { formatTable } from './table.js';
import { ago, bytes, lasting, palette, printable, shortHash } from './text.js';

const plain = palette({ isTTY: false });
const colored = palette({ isTTY: true }, {});

test('a table aligns its columns, also under colors, and says when it is empty', async (t) => {
  const rows = [
    { name: 'a', count: 5 },
    { name: 'longer', count: 12345 },
  ];
  const columns = [
    { heading: 'NAME', cell: (r: { name: string }) => r.name },
    { heading: 'COUNT', cell: (r: { count: number }) => String(r.count), right: true },
  ];
  t.equal(formatTable(rows, columns as never), 'NAME    COUNT\na           5\nlonger  12345\n');
  t.equal(formatTable([], columns as never), '(none)\n');
  const painted = formatTable(rows, [
    { heading: 'NAME', cell: (r) => colored.good(r.name) },
    ...(columns.slice(1) as never[]),
  ]);
  t.match(painted, /\n.*a.{4} {2} {9}5\n/s, 'a color sequence takes no width');
});

test('no color without a terminal, with NO_COLOR, or on a dumb terminal', async (t) => {
  t.equal(palette({ isTTY: true }, { NO_COLOR: '1' }).bad('x'), 'x');
  t.equal(palette({ isTTY: true }, { TERM: 'dumb' }).bad('x'), 'x');
  t.equal(palette({}).bad('x'), 'x');
  t.not(colored.bad('x'), 'x');
});

test('times, sizes and hashes are short', async (t) => {
  t.equal(ago(null), '-');
  t.equal(ago(0, 59_000), '59s ago');
  t.equal(ago(0, 60_000), '1m ago');
  t.equal(ago(0, 7_200_000), '2h ago');
  t.equal(ago(0, 3 * 86_400_000), '3d ago');
  t.equal(ago(1000, 0), '0s ago', 'a clock ahead of ours is not the future');
  t.equal(lasting(0, 7_200_000), 'for 2h');
  t.equal(bytes(512), '512 B');
  t.equal(bytes(1536), '1.5 KiB');
  t.equal(shortHash('0123456789abcdef'), '0123456789ab');
  t.equal(shortHash(''), '-');
});

test('control characters of a service cannot reach the terminal', async (t) => {
  t.equal(printable('ok\u001b[2J\u0007\u009b'), 'ok\\x1b[2J\\x07\\x9b');
  t.equal(printable('tab\tand\nline'), 'tab\tand\nline');
});

test('changes read as one line each, unless they are large', async (t) => {
  const text = changeLines(
    [
      { kind: 'changed', path: 'services.web.params.port', before: 80, after: 81 },
      { kind: 'added', path: 'services.api', after: { blueprint: 'nginx' } },
      { kind: 'removed', path: 'services.old', before: 'x' },
    ],
    plain,
  );
  t.equal(
    text,
    '~ services.web.params.port: 80 -> 81\n+ services.api: {"blueprint":"nginx"}\n- services.old: "x"\n',
  );
  const gw = { blueprint: 'krakend', nodes: ['gw-1', 'gw-2'], params: { version: '2.7', port: 8080 } };
  t.equal(
    changeLines([{ kind: 'added', path: 'services.gw', after: gw }], plain),
    `+ services.gw:
    blueprint: krakend
    nodes:
      - gw-1
      - gw-2
    params:
      version: "2.7"
      port: 8080
`,
  );
  t.equal(diffText('-a\n+b\n c', plain), '-a\n+b\n c');
});

const gate = { observeMs: null, maxErrorRateIncrease: 0.01, maxLatencyIncrease: 0.5, minRequests: 20 };

test('a planned rollout names strategy, batches, what it waits for, and the gate', async (t) => {
  const rollout: PlanRollout = {
    strategy: 'canary',
    batches: [['a'], Array.from({ length: 20 }, (_, n) => `n${n}`)],
    atOnce: 5,
    promoteAfterMs: null,
    onFailure: 'undo',
    gate,
    unwatched: [
      { service: 'cache', why: 'untold' },
      { service: 'web', why: 'undrained' },
    ],
  };
  t.equal(
    plannedRolloutText(rollout),
    `
Rollout: canary first, in 2 batches, at most 5 at once
  batch 1 (the canary): a
  batch 2: 20 nodes: n0, n1, n2, n3, n4, n5, n6, n7 and 12 more
  after the canary it waits to be promoted: shoal rollout promote
  gate: healthy; traffic watched for 5s where it is drained: at most 1% more errors, p95 at most 50% longer than before, from 20 requests on
    the traffic of web isn't watched, since it isn't drained; rollout.gate.observe in the spec says how long to watch
    the traffic of cache can't be watched, since none of its log sources tells of requests
  if a node fails, every node that was changed goes back to what ran there before
`,
  );
  const plainOne = {
    ...rollout,
    strategy: 'one-by-one',
    batches: [['a'], ['b']],
    atOnce: 1,
    unwatched: [],
  } as const;
  const told = plannedRolloutText({ ...plainOne, onFailure: 'stop', gate: { ...gate, observeMs: 0 } });
  t.match(told, "Rollout: one node after another: a, b\n  gate: healthy; traffic isn't watched\n");
  t.match(told, '  if a node fails, it goes back and the rollout stops');
  t.match(plannedRolloutText({ ...rollout, promoteAfterMs: 600_000 }), /by itself .* healthy for 10m\n/);
  const many = Array.from({ length: 30 }, (_, n) => [`a${n}`, `b${n}`]);
  t.match(
    plannedRolloutText({ ...rollout, strategy: 'batches', batches: many }),
    /batch 12: a11, b11\n {2}and 18 more batches, 36 nodes\n {2}gate/,
  );
  t.match(plannedRolloutText({ ...rollout, batches: [] }), /none, every node runs just this already/);
});

const running: GossipKeyRotationView = {
  id: 1,
  stage: 'installing',
  from: 'a'.repeat(16),
  to: 'b'.repeat(16),
  reason: '',
  startedBy: 'ann',
  startedAt: 1000,
  stageAt: 2000,
  endedAt: null,
  ready: 1,
  members: 2,
  waitingFor: [],
  ignored: [],
};

test('a rotation that waits for members says what helps', async (t) => {
  const hint = (why: GossipKeyWait, forMs: number): string | undefined => {
    const rotation = { ...running, waitingFor: [{ member: 'web1', why }] };
    return waitHint(rotation, running.stageAt + forMs);
  };
  t.match(hint('away', 0), /Bring web1 back.*shoal gossip-key ignore web1/);
  t.match(hint('silent', 0), /Update the agent of web1/);
  t.equal(hint('lacks-new', 5000), undefined, 'members follow within seconds');
  t.equal(hint('lacks-new', 60_000), 'The log of web1 says why.');
  t.equal(waitHint(running, 1e9), undefined);
});

test('before a rotation it is said which nodes it will wait for', async (t) => {
  const node = (name: string, connected: boolean) => ({ name, connected });
  const question = 'Replace the gossip key on 4 members (nodes and controller)?';
  const nodes = [node('n1', true), node('n2', false)];
  const waits = 'n2 is away: the rotation will wait for it (--ignore n2)';
  t.equal(rotateQuestion(4, nodes, []), `${waits}\n${question}`);
  t.equal(rotateQuestion(4, nodes, ['n2']), question);
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => node(name, false));
  t.match(
    rotateQuestion(6, many, []),
    /^a, b, c and 2 more are away: .* them \(--ignore a .* --ignore c \.\.\.\)/,
  );
});

test('that a node is ignored in vain is said', async (t) => {
  const gossipKeys = { primary: 'a', held: ['a'] };
  const nodes = [
    { name: 'linked', connected: true, gossipKeys },
    { name: 'away', connected: false, gossipKeys },
    { name: 'silent', connected: true, gossipKeys: null },
    { name: 'other', connected: true, gossipKeys },
  ];
  const lines = waitedForLines(nodes, ['linked', 'away', 'silent']);
  t.equal(lines.length, 1);
  t.match(lines[0], /^linked is connected: it is waited for/);
});

test("an access log's JSON is told in short, any other line as it is", async (t) => {
  const fields = { method: 'GET', path: '/a', status: '200', duration: '0.003', client: '::1' };
  const log = {
    node: 'n1',
    service: 'web',
    source: 'access',
    at: 0,
    line: '{"path":"/a"}',
    fields,
    cursor: '',
  };
  t.match(logLineText(log, plain, false), /^\S+ \S+ n1 web\/access 200 GET \/a {2}0\.003 s {2}::1\n$/);
  t.match(logLineText(log, plain, true), / n1 web\/access \{"path":"\/a"\}\n$/);
  t.match(logLineText({ ...log, line: 'GET /a 200' }, plain, false), / GET \/a 200\n$/, 'already short');
  t.match(logLineText({ ...log, fields: {} }, plain, false), / \{"path":"\/a"\}\n$/);
  t.match(logLineText(log, plain, false, grepExpression('^200')), / 200 GET \/a /);
  t.match(
    logLineText(log, plain, false, grepExpression('"path"')),
    / \{"path":"\/a"\}\n$/,
    'what was looked for is shown',
  );
  t.equal(grepExpression('(?i)get')?.test('GET'), true);
  t.equal(grepExpression('('), undefined, 'the controller tells what is wrong with it');
  const scaled = { ...log, fields: { ...fields, duration: '12e-3' } };
  t.match(logLineText(scaled, plain, false), /GET \/a {2}0\.012 s /, 'seconds are written out');
  const evil = { ...log, fields: { ...fields, path: '/\u001b[2J' } };
  t.match(logLineText(evil, plain, false), /\\x1b\[2J/, 'a path cannot reach the terminal either');
});

test('a license tells tier, use of each limit and its end, in a line and in full', async (t) => {
  const now = Date.now();
  const license: LicenseView = {
    ...{ tier: 'e-commerce', licenseId: 'L-1', vendor: 'Acme', customer: 'Shop', status: 'active' },
    ...{ expiresAt: now + 20.5 * 86_400_000, graceEndsAt: now + 34.5 * 86_400_000, leaseMs: 604_800_000 },
    limits: {
      sites: { limit: 2, used: 1 },
      nodes: { limit: null, used: 14 },
      features: [],
      service: { requestsPerSecond: 500 },
    },
    next: [],
    gap: null,
    coveredUntil: now + 20.5 * 86_400_000,
    problems: [],
    warnings: [],
  };
  const none: LicenseView = {
    ...license,
    ...{ tier: 'free', licenseId: null, vendor: null, customer: null, status: 'none' },
    ...{ expiresAt: null, graceEndsAt: null },
    limits: { ...license.limits, sites: { limit: 1, used: 1 }, nodes: { limit: 10, used: 12 } },
    problems: [
      {
        source: 'installed',
        licenseId: 'L-0',
        known: null,
        reason: 'superseded',
        message: 'the license L-0 does not count: older',
        hint: 'shoal license rm L-0',
      },
    ],
    warnings: [{ severity: 'warning', message: '12 nodes are enrolled' }],
  };
  t.match(
    licenseLine(license, plain),
    /^e-commerce \(L-1, Shop\), until \S+ \S+ \(20 d left\); 1 of 2 sites, 14 nodes \(no limit\); 500 requests\/s a node and service$/,
  );
  const unlimited = { ...none, limits: { ...none.limits, service: {} } };
  t.equal(licenseLine(unlimited, plain), 'free, no license; 1 of 1 site, 12 of 10 nodes');
  t.match(
    licenseLine({ ...license, status: 'grace', expiresAt: now - 1 }, plain),
    /^e-commerce \(L-1, Shop\), ended 1 s ago, counts until/,
  );
  t.match(
    licenseText(license, plain),
    /^sites {8}1 of 2\nnodes {8}14, no limit\nfeatures {5}none\nper service {2}requestsPerSecond 500 \(on each node\)\nleases last {2}7d$/m,
  );
  const unasked = { ...license.limits, service: { requestPerSecond: 100, burst: 2 } };
  t.match(
    licenseText({ ...license, limits: unasked }, plain),
    /^warning {6}no built-in blueprint asks for the service limit "requestPerSecond"; did you mean "requestsPerSecond"\?\nnote {9}no built-in blueprint asks for the service limit "burst"; they ask for requestsPerSecond$/m,
  );
  t.match(
    licenseText(none, plain),
    /^warning {6}12 nodes are enrolled\nnot counted {2}the license L-0 does not count: older. shoal license rm L-0$/m,
  );
  const summary = {
    customer: 'Shop',
    vendor: 'Acme',
    notBefore: now,
    expiresAt: now + 9,
    graceEndsAt: now + 9,
  };
  const known = { ...summary, licenseId: 'L-1', tier: 'e-commerce' };
  const problem = { source: 'installed', licenseId: 'L-1', known, reason: 'key-revoked' as const };
  const refused: LicenseView = {
    ...{ ...none, status: 'refused', problems: [{ ...problem, message: 'it is refused', hint: '' }] },
    warnings: [{ severity: 'critical', message: 'The license L-1 does not count: it is refused' }],
  };
  t.match(licenseLine(refused, plain), /^free, none counts: 1 refused \(L-1\); /);
  t.match(
    licenseText(refused, colored),
    /31mproblem.\[0m {6}The license L-1 does not count: it is refused\n$/,
    'told once, in red',
  );
  const next = { ...summary, licenseId: 'L-2', tier: 'premium', source: 'installed', message: 'counts soon' };
  const { features, service } = license.limits;
  const limits = { sites: 5, nodes: null, features, service };
  const followed = { ...license, next: [{ ...next, limits, countsFrom: now }] };
  t.match(licenseLine(followed, plain), / \(20 d left\), then L-2 \(premium\); 1 of 2 sites/);
  t.match(licenseText(followed, plain), /^next {9}L-2, premium, from \S+ \S+ to \S+ \S+$/m);
  const inGrace = { ...license, next: [{ ...next, limits, countsFrom: now + 9 }] };
  t.match(
    licenseText(inGrace, plain),
    /^next {9}L-2, premium, from \S+ \S+ in its grace until \S+ \S+$/m,
    'not to an end that was before',
  );
  t.match(
    installedText(
      { ...license, outcome: { licenseId: 'L-2', counts: 'later', from: now, message: 'It counts soon' } },
      plain,
    ),
    /^It counts soon\.\ntier {9}e-commerce\n/,
  );
  const outcome = { licenseId: 'L-1', counts: 'now', from: now } as const;
  t.match(
    previewText(
      { ...license, outcome: { ...outcome, message: 'The license L-1 (e-commerce) counts at once' } },
      none,
      plain,
    ),
    /^The license L-1 \(e-commerce\) would count at once; nothing was installed\.\ntier {9}free -> e-commerce\nlicense {6}none -> L-1\n(?:.*\n)+sites {8}1 of 1 -> 1 of 2\n/,
  );
  t.match(
    previewText(
      { ...license, outcome: { ...outcome, message: 'The license L-1 (gold) does not count: it is older' } },
      license,
      plain,
    ),
    /^The license L-1 \(gold\) would not count: it is older; nothing was installed\.\ntier {9}e-commerce\n/,
  );
  const alone = { ...none, problems: [], limits: { ...none.limits, service: { requestsPerSecond: 100 } } };
  t.equal(onlyInstalled(license), 'L-1');
  t.equal(onlyInstalled(none), 'L-0', 'one that does not count');
  t.match(
    removedText('L-1', license, alone, plain),
    /^L-1 removed; the free tier counts now: 1 site, 10 nodes, 100 requests\/s a node and service\.\ntier {9}free\n/,
  );
  t.match(removedText('L-0', none, alone, plain), /^L-0 removed; the free tier counts as before: /);
  const gold = { ...license, licenseId: 'L-2', tier: 'gold' };
  t.match(removedText('L-1', license, gold, plain), /^L-1 removed; now L-2 \(gold\) counts\.\n/);
  t.match(removedText('L-3', gold, gold, plain), /^L-3 removed; L-2 \(gold\) counts as before\.\n/);
  t.match(
    licenseText({ ...license, customer: 'a\u001b[2J' }, plain),
    /a\\x1b\[2J/,
    'nothing of it commands a terminal',
  );
  t.equal(leaseText(null, plain), '-');
  t.equal(leaseText({ tier: 'free', state: 'degraded', expiresAt: null }, plain), 'free degraded');
  t.equal(
    leaseText({ tier: 'premium', state: 'active', expiresAt: now + 7_300_000 }, plain),
    'premium active 2h',
  );
});

test('a plan says against what it is, and what a node said of just this before', async (t) => {
  const node = { action: 'change', services: ['web'], differences: [], note: '', refused: '' };
  const told = planText(
    {
      basedOn: 8,
      against: 'revision 8 (aborted, undone; nodes run 7)',
      changes: [],
      blueprints: [],
      text: '',
      nodes: [
        { ...node, node: 'node-1', refused: 'web/conf: nginx -t failed' },
        { ...node, node: 'node-2' },
      ],
      rollout: {
        ...{ strategy: 'one-by-one', batches: [['node-1'], ['node-2']], atOnce: 1 },
        ...{ promoteAfterMs: null, onFailure: 'undo', gate, unwatched: [] },
      },
      secrets: [],
      warnings: [],
    },
    plain,
  );
  t.match(
    told,
    /^No changes against revision 8 \(aborted, undone; nodes run 7\), but not all nodes run it\.\n/,
  );
  t.match(
    told,
    '  node-1: change (web)\n    refused this before: web/conf: nginx -t failed\n  node-2: change (web)\n',
  );
});

test('nodes that would change alike stand together, refusals first', async (t) => {
  const differing = (node: string, problem = '') => {
    const difference = `--- /srv/${node}/conf\n-a\n+b\n`;
    const differences = [{ service: 'web', step: 'conf', difference, problem }];
    return { node, action: 'change', services: ['web'], differences, note: '', refused: '' };
  };
  const untouched = { ...differing('n4'), differences: [] };
  const nodes = [differing('n1'), differing('n2'), differing('n3', 'no\n'), untouched];
  t.equal(
    plannedNodesText(nodes, plain, true),
    `  n3: change (web)
    web/conf
      --- /srv/n3/conf
      -a
      +b
      refused: no
  n1, n2: change (web)
    web/conf
      --- /srv/{node}/conf
      -a
      +b
  n4: change (web)  nothing differs on the host
`,
  );
  t.equal(plannedNodesText([untouched], plain, false), '  n4: change (web)\n', 'nobody was asked');
});

test('revisions that differ by a value of a secret alone are not the same', async (t) => {
  const same = { from: 10, to: 11, changes: [], secrets: [], text: '' };
  t.equal(diffOf(same, plain), 'Revisions 10 and 11 are the same.\n');
  const secrets = [{ name: 'backend-key', services: ['gw'], before: 'a1b2', after: 'c3d4' }];
  t.equal(diffOf({ ...same, secrets }, plain), '~ secret backend-key: changed (gw), version a1b2 -> c3d4\n');
});

test('how the rollout of a restored revision goes is said before', async (t) => {
  t.equal(
    strategyLine({ strategy: 'canary', canary: { nodes: ['node-1'] } }, 16),
    'strategy canary from revision 16: waits for promotion after node-1\n',
  );
  t.equal(
    strategyLine({ strategy: 'canary', canary: { nodes: '10%', promote: '5m' } }, 16),
    'strategy canary from revision 16: goes on by itself once the first 10% of the nodes ran it in health for 5m\n',
  );
  t.match(strategyLine({ strategy: 'canary' }, 16), 'waits for promotion after the first node');
  t.equal(
    strategyLine({ strategy: 'canary' }, 16, 'batches'),
    'strategy batches as asked (revision 16 says canary): batches of 25% of the nodes\n',
  );
  t.equal(strategyLine(undefined, 3), 'strategy one-by-one from revision 3: one node after another\n');
});
