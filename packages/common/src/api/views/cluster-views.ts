import type { Tier } from '../../license/tiers.js';
import type { GossipKeysView } from './gossip-key-views.js';
import type { LicenseChange, LicenseView } from './license-views.js';
import type { MemberView, NodeView } from './node-views.js';
import type { RevisionView } from './revision-views.js';
import type { RolloutView, StepEventView } from './rollout-views.js';

export interface TokenView {
  readonly id: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number;
  readonly usesLeft: number;
  readonly uses: number;
  /** `active`, `expired`, `used`, `revoked`. */
  readonly state: string;
}

/** A secret: everything but its value, which no view holds. */
export interface SecretView {
  readonly name: string;
  /** Of the newest value; random. */
  readonly version: string;
  readonly createdAt: number;
  readonly createdBy: string;
  /** What uses it by the newest revision. */
  readonly usedBy: readonly { readonly service: string; readonly nodes: readonly string[] }[];
  /** The newest revision uses it by an older value: applying brings the newest to the nodes. */
  readonly isPending: boolean;
  /** Older values are kept for these revisions, rising; the newest revision is among them when it uses the secret. */
  readonly revisions: readonly number[];
}

export interface LogLine {
  readonly node: string;
  readonly service: string;
  readonly source: string;
  readonly at: number;
  readonly line: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Position in the controller's log storage: orders lines of the same millisecond, continues a search. */
  readonly cursor: string;
}

export interface StatSeries {
  readonly node: string;
  readonly metric: string;
  /** [time, value], rising by time. */
  readonly points: readonly (readonly [number, number])[];
}

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  /** `grpc` or `http`; `controller`: it happened by itself. */
  readonly door: string;
  readonly operation: string;
  readonly input: unknown;
  readonly outcome: string;
}

/** What an operator keeps requests away from, on one node. */
export interface DrainedNode {
  readonly node: string;
  /** `*`: all that it runs. */
  readonly services: readonly string[];
  /** Who asked for it last, and when; null: an earlier version didn't keep that. */
  readonly by: string | null;
  readonly at: number | null;
}

export interface StatusView {
  readonly clusterId: string;
  readonly clusterName: string;
  readonly version: string;
  readonly startedAt: number;
  readonly tier: Tier;
  readonly license: LicenseView;
  readonly revision: { readonly running: number; readonly latest: number };
  /** Nodes by `NodeView.status`. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Nodes by the state of their lease; those that don't say aren't counted. */
  readonly leases: Readonly<Record<string, number>>;
  /** By node. */
  readonly drained: readonly DrainedNode[];
  readonly rollout: RolloutView | null;
  readonly warnings: readonly string[];
}

/** What `event.watch` tells (server-sent events in the console): a view that changed, whole. */
export type ClusterEvent =
  | { readonly type: 'node'; readonly node: NodeView }
  | { readonly type: 'node-removed'; readonly name: string }
  | { readonly type: 'rollout'; readonly rollout: RolloutView }
  | { readonly type: 'revision'; readonly revision: RevisionView }
  | { readonly type: 'step'; readonly event: StepEventView }
  | { readonly type: 'member'; readonly member: MemberView }
  | { readonly type: 'gossip-keys'; readonly keys: GossipKeysView }
  | ({ readonly type: 'license'; readonly license: LicenseView } & LicenseChange);
