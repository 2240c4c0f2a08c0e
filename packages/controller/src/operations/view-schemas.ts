import type { JsonSchema } from '@shoal/common';
import {
  array,
  constant,
  decimal,
  flag,
  integer,
  map,
  nullable,
  object,
  oneOf,
  text,
  time,
  view,
} from './schema.js';

const anything: JsonSchema = {};
const memberState = oneOf('alive', 'suspect', 'dead', 'left');
const role = oneOf('viewer', 'operator', 'admin');
const convergeState = oneOf('unknown', 'idle', 'converging', 'gating', 'undoing', 'failed');
const nodeStatus = oneOf(
  'ok',
  'converging',
  'failed',
  'unhealthy',
  'behind',
  'drifted',
  'unreachable',
  'down',
  'new',
);
const leaseState = oneOf('active', 'warning', 'expired', 'degraded', 'restored');
const licenseRefusal = oneOf(
  'not-a-license',
  'truncated',
  'algorithm',
  'key-unknown',
  'key-revoked',
  'signature',
  'content',
  'other-cluster',
  'not-yet-valid',
  'expired',
  'clock-doubtful',
  'unreadable',
  'superseded',
);
const limitUse = object({ limit: nullable(integer), used: integer });
const revisionStatus = oneOf('pending', 'rolling-out', 'active', 'failed', 'aborted', 'superseded');

const problem = object({ message: text, path: text, position: anything }, ['path', 'position']);
const blueprint = {
  name: text,
  version: text,
  description: text,
  source: oneOf('built-in', 'directory', 'uploaded'),
  place: text,
  hash: text,
  newest: flag,
  usedBy: array(text),
  note: text,
  uploaded: nullable(object({ at: time, by: text })),
};
const token = {
  id: text,
  createdAt: time,
  createdBy: text,
  expiresAt: time,
  usesLeft: integer,
  uses: integer,
};
const tokenState = oneOf('active', 'expired', 'used', 'revoked');
const revision = {
  number: integer,
  createdAt: time,
  author: text,
  reason: text,
  status: revisionStatus,
  specHash: text,
  basedOn: integer,
};
const rollout = {
  revision: integer,
  from: integer,
  status: oneOf(
    'running',
    'paused',
    'awaiting-promotion',
    'undoing',
    'succeeded',
    'failed',
    'aborted',
    'superseded',
  ),
  strategy: oneOf('one-by-one', 'batches', 'canary', 'all-at-once'),
  batches: integer,
  startedAt: time,
  endedAt: nullable(time),
  promoteAt: nullable(time),
  deadlineAt: nullable(time),
  undone: flag,
  request: nullable(view('RolloutRequest')),
  message: text,
  nodes: array(view('RolloutNode')),
};

const drift = {
  service: text,
  step: text,
  since: time,
  difference: text,
  policy: oneOf('report', 'repair'),
  state: oneOf('left', 'repairing', 'failed', 'flapping'),
  detail: text,
  retryAt: nullable(time),
};

const gossipKeys = {
  encrypted: flag,
  members: integer,
  keys: array(view('GossipKey')),
  rotation: nullable(view('GossipKeyRotation')),
};

const clusterViews: Readonly<Record<string, JsonSchema>> = {
  Member: object({
    name: text,
    address: text,
    state: memberState,
    tags: map(text),
    incarnation: integer,
    since: time,
  }),
  Failure: object({ service: text, step: text, message: text, output: text, undone: flag, untouched: flag }, [
    'untouched',
  ]),
  ServiceStatus: object({
    service: text,
    process: text,
    health: text,
    detail: text,
    startedAt: nullable(time),
    restarts: integer,
  }),
  Hash: object({ hash: text, revision: integer }),
  Node: object({
    name: text,
    site: text,
    address: text,
    agentVersion: text,
    facts: map(text),
    enrolledAt: time,
    certificateExpiresAt: time,
    connected: flag,
    lastSeenAt: nullable(time),
    member: nullable(memberState),
    desired: nullable(view('Hash')),
    failed: nullable(object({ hash: text, revision: integer, failure: view('Failure') })),
    running: nullable(view('Hash')),
    state: convergeState,
    services: array(view('ServiceStatus')),
    gossipKeys: nullable(view('GossipKeyState')),
    draining: array(text),
    drainAsked: array(text),
    drifts: array(view('Drift')),
    lease: nullable(object({ tier: text, state: leaseState, expiresAt: nullable(time) })),
    status: nodeStatus,
  }),
  Drift: object(drift),
  NodeDrift: object({ node: text, ...drift }),
  GossipKeyState: object({ primary: text, held: array(text) }),
  GossipKey: object({
    fingerprint: text,
    state: oneOf('primary', 'installed', 'removed'),
    createdAt: nullable(time),
    primarySince: nullable(time),
    heldBy: integer,
    usedBy: integer,
  }),
  GossipKeyRotation: object({
    id: integer,
    stage: oneOf('installing', 'using', 'removing', 'done', 'aborted'),
    from: text,
    to: text,
    reason: text,
    startedBy: text,
    startedAt: time,
    stageAt: time,
    endedAt: nullable(time),
    ready: integer,
    members: integer,
    waitingFor: array(
      object({ member: text, why: oneOf('away', 'silent', 'lacks-new', 'uses-old', 'holds-old') }),
    ),
    ignored: array(text),
  }),
  GossipKeys: object(gossipKeys),
  ChangedGossipKeys: object({ ...gossipKeys, fingerprint: text }),
  Token: object({ ...token, state: tokenState }),
  NewToken: object({ ...token, state: tokenState, token: text }),
  Status: object({
    clusterId: text,
    clusterName: text,
    version: text,
    startedAt: time,
    tier: text,
    license: view('License'),
    revision: object({ running: integer, latest: integer }),
    nodes: map(integer),
    leases: map(integer),
    rollout: nullable(view('Rollout')),
    warnings: array(text),
  }),
  License: object({
    tier: text,
    licenseId: nullable(text),
    vendor: nullable(text),
    customer: nullable(text),
    status: oneOf('none', 'active', 'expiring', 'grace', 'expired', 'not-yet-valid'),
    expiresAt: nullable(time),
    graceEndsAt: nullable(time),
    limits: object({ sites: limitUse, nodes: limitUse, features: array(text), service: map(decimal) }),
    leaseMs: integer,
    problems: array(
      object({ source: text, licenseId: nullable(text), reason: licenseRefusal, message: text, hint: text }),
    ),
    warnings: array(text),
  }),
  Operation: object({
    name: text,
    summary: text,
    role,
    changes: flag,
    stream: flag,
    http: text,
    input: anything,
    output: anything,
  }),
  AuditEntry: object({
    id: text,
    at: time,
    actor: text,
    door: text,
    operation: text,
    input: anything,
    outcome: text,
  }),
};

const changeViews: Readonly<Record<string, JsonSchema>> = {
  SpecChange: object(
    { kind: oneOf('added', 'removed', 'changed'), path: text, before: anything, after: anything },
    ['before', 'after'],
  ),
  Plan: object({
    basedOn: integer,
    changes: array(view('SpecChange')),
    blueprints: array(object({ service: text, before: text, after: text })),
    text,
    nodes: array(view('PlanNode')),
    rollout: object({
      strategy: oneOf('one-by-one', 'batches', 'canary', 'all-at-once'),
      batches: array(array(text)),
      atOnce: integer,
      promoteAfterMs: nullable(integer),
      onFailure: oneOf('undo', 'stop'),
      gate: object({
        observeMs: nullable(integer),
        maxErrorRateIncrease: decimal,
        maxLatencyIncrease: decimal,
        minRequests: integer,
      }),
    }),
    secrets: array(object({ name: text, services: array(text) })),
    warnings: array(text),
  }),
  Secret: object({
    name: text,
    version: text,
    createdAt: time,
    createdBy: text,
    usedBy: array(object({ service: text, nodes: array(text) })),
    isPending: flag,
    revisions: array(integer),
  }),
  PlanNode: object({
    node: text,
    action: text,
    services: array(text),
    differences: array(object({ service: text, step: text, difference: text, problem: text })),
    note: text,
  }),
  Blueprint: object(blueprint),
  BlueprintDetail: object({ ...blueprint, blueprint: anything }),
  BlueprintList: object({ blueprints: array(view('Blueprint')), problems: array(problem) }),
  AddedBlueprint: object({ blueprint: view('Blueprint'), added: flag }),
  ApplyResult: object({ revision: integer, changed: flag }),
  Revision: object(revision),
  RevisionDetail: object({ ...revision, spec: text }),
  RevisionDiff: object({ from: integer, to: integer, changes: array(view('SpecChange')), text }),
  RolloutNode: object({
    node: text,
    status: oneOf('pending', 'offered', 'succeeded', 'failed', 'offline', 'untouched', 'undoing', 'undone'),
    batch: integer,
    previous: integer,
    startedAt: nullable(time),
    endedAt: nullable(time),
    failure: nullable(view('Failure')),
  }),
  RolloutRequest: object({
    what: oneOf('pause', 'resume', 'promote', 'retry', 'abort'),
    by: text,
    at: time,
  }),
  Rollout: object(rollout),
  RolloutDetail: object({ ...rollout, events: array(view('StepEvent')) }),
  StepEvent: object({
    node: text,
    revision: integer,
    service: text,
    step: text,
    kind: text,
    text,
    at: time,
  }),
  ClusterEvent: {
    oneOf: [
      object({ type: constant('node'), node: view('Node') }),
      object({ type: constant('node-removed'), name: text }),
      object({ type: constant('rollout'), rollout: view('Rollout') }),
      object({ type: constant('revision'), revision: view('Revision') }),
      object({ type: constant('step'), event: view('StepEvent') }),
      object({ type: constant('member'), member: view('Member') }),
      object({ type: constant('gossip-keys'), keys: view('GossipKeys') }),
    ],
  },
};

const telemetryViews: Readonly<Record<string, JsonSchema>> = {
  LogLine: object({
    node: text,
    service: text,
    source: text,
    at: time,
    line: text,
    fields: map(text),
    cursor: text,
  }),
  StatSeries: object({
    node: text,
    metric: text,
    points: array({ type: 'array', items: decimal, minItems: 2, maxItems: 2 }),
  }),
  LatestSample: object({ node: text, at: time, values: map(decimal) }),
};

/** JSON Schemas of the views (`@shoal/common`, `api/views.ts`) by the name that `view()` refers to. */
export const viewSchemas: Readonly<Record<string, JsonSchema>> = {
  ...clusterViews,
  ...changeViews,
  ...telemetryViews,
  Identity: object({ name: text, role }),
  Error: object({
    error: object(
      {
        code: text,
        message: text,
        hint: text,
        problems: array(problem),
      },
      ['hint', 'problems'],
    ),
  }),
};
