import type {
  BlueprintView,
  GossipKeysView,
  InstalledLicenseView,
  LicenseView,
  LoadedBlueprint,
  LogLine,
  NodeView,
  RevisionDetail,
  RolloutView,
  SecretView,
  StepEventView,
  TokenView,
} from '@shoal/common';

const failure = {
  service: 'web',
  step: 'validate',
  message: 'nginx -t failed',
  output: 'emerg',
  undone: true,
};

/** A node as the console would see it. */
export const node: NodeView = {
  name: 'web1',
  site: 'berlin',
  address: '127.30.0.1:9896',
  agentVersion: '0.1.0',
  facts: { os: 'debian 12' },
  enrolledAt: 1,
  certificateExpiresAt: 2,
  connected: true,
  lastSeenAt: 3,
  member: 'alive',
  desired: { hash: 'aa', revision: 2 },
  failed: { hash: 'bb', revision: 1, failure },
  running: { hash: 'aa', revision: 2 },
  state: 'idle',
  services: [{ service: 'web', process: 'running', health: 'ok', detail: '', startedAt: 1, restarts: 0 }],
  gossipKeys: { primary: 'fade1234fade1234', held: ['fade1234fade1234'] },
  draining: ['web'],
  drainAsked: ['web'],
  drifts: [
    {
      service: 'web',
      step: 'config',
      since: 4,
      difference: '-81 +80',
      policy: 'report',
      state: 'left',
      detail: '',
      retryAt: null,
    },
  ],
  lease: { tier: 'premium', state: 'active', expiresAt: 5 },
  status: 'drifted',
};

/** A cluster that has outgrown the free tier, and a license that came to nothing. */
export const license: LicenseView = {
  tier: 'free',
  licenseId: null,
  vendor: null,
  customer: null,
  status: 'refused',
  expiresAt: null,
  graceEndsAt: null,
  limits: {
    sites: { limit: 1, used: 1 },
    nodes: { limit: 10, used: 11 },
    features: [],
    service: { requestsPerSecond: 100 },
  },
  leaseMs: 604_800_000,
  next: [],
  gap: null,
  coveredUntil: null,
  problems: [
    {
      source: '/etc/shoal/license',
      licenseId: null,
      known: null,
      reason: 'key-unknown',
      message: 'the license is signed by a key that this build does not know',
      hint: 'ask the vendor',
    },
  ],
  warnings: [{ severity: 'warning', message: '11 nodes are enrolled, the free tier allows 10' }],
};

/** The same, after one was installed that counts later. */
export const installedLicense: InstalledLicenseView = {
  ...license,
  outcome: { licenseId: 'lic-1', counts: 'later', from: 9, message: 'lic-1 counts from 9 on' },
};

/** A rotation that waits for the node. */
export const gossipKeys: GossipKeysView = {
  encrypted: true,
  members: 2,
  keys: [
    {
      fingerprint: 'fade1234fade1234',
      state: 'primary',
      createdAt: 1,
      primarySince: 1,
      heldBy: 2,
      usedBy: 2,
    },
  ],
  rotation: {
    id: 1,
    stage: 'installing',
    from: 'fade1234fade1234',
    to: 'beef1234beef1234',
    reason: '',
    startedBy: 'anna',
    startedAt: 1,
    stageAt: 1,
    endedAt: null,
    ready: 1,
    members: 2,
    waitingFor: [{ member: 'web1', why: 'away' }],
    ignored: [],
  },
};

/** What it told of a step. */
export const step: StepEventView = {
  node: 'web1',
  revision: 2,
  service: 'web',
  step: 'validate',
  kind: 'started',
  text: '',
  at: 5,
};

/** A rollout that an operator paused. */
export const rollout: RolloutView = {
  revision: 2,
  from: 1,
  status: 'running',
  strategy: 'one-by-one',
  batches: 1,
  startedAt: 4,
  endedAt: null,
  promoteAt: null,
  deadlineAt: null,
  undone: false,
  request: { what: 'pause', by: 'anna', at: 4 },
  message: 'waits for web1',
  nodes: [{ node: 'web1', status: 'failed', batch: 1, previous: 1, startedAt: 4, endedAt: 5, failure }],
};

/** A join token. */
export const token: TokenView = {
  id: 't1',
  createdAt: 1,
  createdBy: 'anna',
  expiresAt: 2,
  usesLeft: 1,
  uses: 1,
  state: 'active',
};

/** The revision of the rollout. */
export const revision: RevisionDetail = {
  number: 2,
  createdAt: 1,
  author: 'anna',
  reason: 'port',
  status: 'active',
  specHash: 'cc',
  basedOn: 1,
  spec: 'services: {}',
};

/** What the revision changed. */
export const change = { kind: 'changed', path: 'services.web.params.port', before: 80, after: 81 } as const;

/** A line of the node. */
export const logLine: LogLine = {
  node: 'web1',
  service: 'web',
  source: 'access',
  at: 7,
  line: 'GET /',
  fields: { status: '200' },
  cursor: '1@web1',
};

/** A blueprint as it is loaded. */
export const blueprint: LoadedBlueprint = {
  name: 'web',
  version: '1.0.0',
  description: 'A web server',
  parameters: { port: { type: 'integer', description: 'Port', default: 80 } },
  steps: [{ id: 'run', type: 'service' }],
  process: { unit: 'web.service' },
  directory: '',
};

/** The same, as it is told. */
export const blueprintView: BlueprintView = {
  name: 'web',
  version: '1.0.0',
  description: 'A web server',
  source: 'uploaded',
  place: '',
  hash: 'dd',
  newest: true,
  usedBy: ['web'],
  note: '',
  uploaded: { at: 1, by: 'anna' },
};

/** A secret that the service uses. */
export const secret: SecretView = {
  name: 'backend-key',
  version: 'beef1234beef1234',
  createdAt: 1,
  createdBy: 'anna',
  usedBy: [{ service: 'web', nodes: ['web1'] }],
  isPending: true,
  revisions: [2],
};
