import type { NodeReport__Output } from '@shoal/common';
import t from 'tap';
import { type KnownNode, nodeView } from './node-view.js';
import { decideOffer, type MeasuredState, mergeReport } from './report.js';

const failure = {
  service: 'web',
  step: 'conf',
  message: 'no',
  output: 'emerg',
  undone: true,
  untouched: true,
};
const empty: NodeReport__Output = {
  full: false,
  runningHash: '',
  runningRevision: 0,
  failedHash: '',
  failedRevision: 0,
  failedAttempt: 0,
  failure: null,
  state: 'CONVERGE_STATE_UNSPECIFIED',
  services: [],
  convergingHash: '',
  gossipKeys: null,
  draining: [],
  drifts: null,
  lease: null,
};
const web = {
  service: 'web',
  process: 'running',
  health: 'healthy',
  detail: 'ok',
  startedAtMs: 0,
  restarts: 1,
};
const drifts: MeasuredState['drifts'] = [
  {
    service: 'web',
    step: 'conf',
    since: 4,
    difference: '-a\n+b',
    policy: 'repair',
    state: 'failed',
    detail: 'web/conf: no',
    retryAt: 9,
  },
];
const measured: MeasuredState = {
  runningHash: 'h1',
  runningRevision: 1,
  failed: null,
  state: 'idle',
  convergingHash: '',
  services: [
    { service: 'web', process: 'running', health: 'healthy', detail: '', startedAt: 5, restarts: 0 },
  ],
};

t.test('the lease is as its agent last told it', async (t) => {
  const told = { state: 'warning', tier: 'premium', expiresAtMs: 9, detail: '' };
  const first = mergeReport(measured, { ...empty, lease: told });
  t.same(first.lease, { state: 'warning', tier: 'premium', expiresAt: 9 });
  t.same(mergeReport(first, empty).lease, first.lease, 'it says nothing of it');
  t.same(mergeReport(first, { ...empty, lease: { ...told, state: 'odd' } }).lease, first.lease);
  t.same(mergeReport(first, { ...empty, full: true }).lease, null, "an agent that doesn't say");
  const none = { ...told, state: 'degraded', tier: 'free', expiresAtMs: 0 };
  t.same(mergeReport(first, { ...empty, lease: none }).lease, {
    state: 'degraded',
    tier: 'free',
    expiresAt: null,
  });
});

t.test('drifts are kept until an agent tells others, and bounded', async (t) => {
  const told = {
    service: 'web',
    step: 'conf',
    sinceMs: 4,
    difference: '-a\n+b',
    policy: 'repair',
    state: 'failed',
    detail: 'web/conf: no',
    retryAtMs: 9,
  };
  const first = mergeReport(measured, { ...empty, drifts: { found: [told] } });
  t.same(first.drifts, drifts);
  t.same(mergeReport(first, { ...empty, state: 'CONVERGING' }).drifts, drifts, 'it says nothing of them');
  t.same(mergeReport(first, { ...empty, drifts: { found: [] } }).drifts, []);
  t.same(mergeReport(first, { ...empty, full: true }).drifts, [], "an agent that doesn't look");
  const odd = { ...told, policy: 'what', state: 'ever', retryAtMs: 0, difference: 'x'.repeat(1e6) };
  const many = mergeReport(first, { ...empty, drifts: { found: Array(1000).fill(odd) } }).drifts ?? [];
  t.equal(many.length, 500);
  t.match(many[0], { policy: 'report', state: 'left', retryAt: null, difference: /^x{20000}$/ });
});

t.test('a full report replaces what was known, another one the parts that it has', async (t) => {
  const first = mergeReport(null, {
    ...empty,
    full: true,
    runningHash: 'h1',
    runningRevision: 1,
    state: 'IDLE',
    services: [web],
  });
  t.match(first, {
    runningHash: 'h1',
    state: 'idle',
    failed: null,
    services: [{ startedAt: null, restarts: 1 }],
  });
  const second = mergeReport(first, { ...empty, state: 'CONVERGING', convergingHash: 'h2' });
  t.match(second, {
    runningHash: 'h1',
    runningRevision: 1,
    state: 'converging',
    convergingHash: 'h2',
    services: [{ service: 'web' }],
  });
  const third = mergeReport(second, {
    ...empty,
    state: 'FAILED',
    failedHash: 'h2',
    failedRevision: 2,
    failure,
  });
  t.match(third, {
    runningHash: 'h1',
    state: 'failed',
    convergingHash: '',
    failed: { hash: 'h2', revision: 2, failure },
  });
  const fourth = mergeReport(third, { ...empty, full: true, state: 'IDLE' });
  t.match(fourth, { runningHash: '', failed: null, services: [] });
});

const halfUndone = { ...failure, undone: false };

t.test('what is offered, and what is not', async (t) => {
  const failed = (revision: number, attempt = 0): Partial<MeasuredState> => ({
    failed: { hash: 'h2', revision, attempt, failure },
    state: 'failed',
  });
  const table: readonly (readonly [string, Partial<MeasuredState>, object])[] = [
    ['it runs it', { runningHash: 'h2' }, { offer: false }],
    ['it runs something else', {}, { offer: true, retryFailed: false }],
    ['it runs nothing', { runningHash: '' }, { offer: true, retryFailed: false }],
    ['it is at work on it', { state: 'converging', convergingHash: 'h2' }, { offer: false }],
    [
      'it is at work on something else',
      { state: 'gating', convergingHash: 'h3' },
      { offer: true, retryFailed: false },
    ],
    [
      'it runs it, but leaves it for something else',
      { runningHash: 'h2', state: 'converging', convergingHash: 'h3' },
      { offer: true, retryFailed: false },
    ],
    [
      'it runs it and renders it anew',
      { runningHash: 'h2', state: 'converging', convergingHash: '' },
      { offer: false },
    ],
    ['it failed there at this attempt', failed(2, 5), { offer: false }],
    ['it failed there at this attempt of an earlier revision', failed(1, 5), { offer: false }],
    ['it was asked again since it failed', failed(2, 4), { offer: true, retryFailed: true }],
    ['it failed there at this revision', failed(2), { offer: false }],
    ['it failed there at a later revision', failed(3), { offer: false }],
    [
      'it failed there at an earlier one and was asked for again',
      failed(1),
      { offer: true, retryFailed: true },
    ],
    [
      'it runs it, and something else failed there before',
      { runningHash: 'h2', failed: { hash: 'h9', revision: 1, failure } },
      { offer: true, retryFailed: false },
    ],
    [
      'it runs it, and went back to it from a later one that failed',
      { runningHash: 'h2', failed: { hash: 'h9', revision: 3, failure } },
      { offer: false },
    ],
    [
      'it runs it by name, what failed there could not be undone, and it was asked again',
      { runningHash: 'h2', failed: { hash: 'h9', revision: 3, attempt: 4, failure: halfUndone } },
      { offer: true, retryFailed: false },
    ],
    [
      'it was asked again, and that could not be done either',
      { runningHash: 'h2', failed: { hash: 'h2', revision: 2, attempt: 5, failure: halfUndone } },
      { offer: false },
    ],
    [
      'something else failed there',
      { failed: { hash: 'h9', revision: 2, failure } },
      { offer: true, retryFailed: false },
    ],
  ];
  for (const [what, part, expected] of table) {
    t.same(decideOffer({ hash: 'h2', revision: 2, attempt: 5 }, { ...measured, ...part }), expected, what);
  }
});

t.test('one word for a node', async (t) => {
  const node: KnownNode = {
    record: {
      name: 'a',
      site: 'default',
      enrolledAt: 1,
      agentVersion: '1',
      certificates: [{ serial: 's', notAfter: 9 }],
    },
    facts: null,
    drainAsked: [],
    measured,
    connected: true,
    lastSeenAt: 2,
    member: 'alive',
    desired: { hash: 'h1', revision: 1 },
  };
  const failed = { hash: 'h2', revision: 2, failure };
  const sick = measured.services.map((service) => ({ ...service, health: 'unhealthy' }));
  const table: readonly (readonly [string, Partial<KnownNode>])[] = [
    ['ok', {}],
    ['ok', { desired: null }],
    ['new', { measured: null, connected: false }],
    ['converging', { measured: { ...measured, state: 'undoing', failed } }],
    ['failed', { measured: { ...measured, failed } }],
    ['ok', { measured: { ...measured, runningRevision: 3, failed }, desired: { hash: 'h1', revision: 3 } }],
    ['unhealthy', { measured: { ...measured, services: sick } }],
    ['behind', { desired: { hash: 'h2', revision: 2 } }],
    ['behind', { desired: { hash: 'h2', revision: 2 }, measured: { ...measured, drifts } }],
    ['unhealthy', { measured: { ...measured, services: sick, drifts } }],
    ['drifted', { measured: { ...measured, drifts } }],
    ['down', { connected: false, member: 'dead', measured: { ...measured, drifts } }],
    ['unreachable', { connected: false }],
    ['unreachable', { connected: false, member: 'suspect' }],
    ['unreachable', { connected: false, member: null }],
    ['down', { connected: false, member: 'dead' }],
    ['down', { connected: false, member: 'left' }],
    ['ok', { member: 'dead' }],
  ];
  for (const [status, part] of table)
    t.equal(nodeView({ ...node, ...part }).status, status, `${status} ${JSON.stringify(part)}`);
  t.same(
    nodeView({ ...node, desired: { hash: 'h1', revision: 4 } }).running,
    { hash: 'h1', revision: 4 },
    'the same content is the newer revision',
  );
  t.equal(nodeView(node).certificateExpiresAt, 9);
});
