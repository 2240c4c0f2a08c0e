import { numberKey } from './json.js';

/** The layout of the store; docs/decisions/0003-store-shape.md lists what each key holds. */
export const keys = {
  cluster: 'cluster/identity',
  gossipKeys: 'cluster/gossip-keys',
  peers: 'cluster/peers',
  head: 'spec/head',
  tokens: 'tokens/',
  token: (secretHash: string): string => `tokens/${secretHash}`,
  nodes: 'nodes/',
  node: (name: string): string => `nodes/${name}`,
  targets: 'targets/',
  target: (name: string): string => `targets/${name}`,
  reports: 'reports/',
  report: (name: string): string => `reports/${name}`,
  revoked: 'revoked/',
  revokedSerial: (serial: string): string => `revoked/${serial}`,
  revisions: 'revisions/',
  revision: (number: number): string => `revisions/${numberKey(number)}`,
  blueprint: (contentHash: string): string => `blueprints/${contentHash}`,
  rollouts: 'rollouts/',
  rollout: (revision: number): string => `rollouts/${numberKey(revision)}`,
  rolloutEvents: (revision: number): string => `rollout-events/${numberKey(revision)}/`,
} as const;
