import type { RolloutStrategy } from '../spec/spec.js';
import type {
  AddedBlueprint,
  ApplyResult,
  AuditEntry,
  BlueprintDetail,
  BlueprintList,
  BlueprintView,
  ClusterEvent,
  DriftView,
  GossipKeysView,
  InstalledLicenseView,
  LicenseView,
  LogLine,
  MemberView,
  NodeView,
  Plan,
  RevisionDetail,
  RevisionDiff,
  RevisionView,
  RolloutView,
  SecretView,
  StatSeries,
  StatusView,
  StepEventView,
  TokenView,
} from './views.js';

/** Who may ask. Each role includes those before it. */
export type Role = 'viewer' | 'operator' | 'admin';

/**
 * Input and output of every operation of the controller, by name: the types behind the table in
 * `packages/controller/src/operations`. `stream: true` operations answer by `Operations.Watch` and server-sent events.
 */
export interface OperationTypes {
  'status.get': { input: Record<string, never>; output: StatusView };
  'operations.list': {
    input: Record<string, never>;
    output: { operations: readonly OperationDescription[] };
  };
  'whoami.get': { input: Record<string, never>; output: { name: string; role: Role } };

  'license.get': { input: Record<string, never>; output: LicenseView };
  /** `text`: the license as the vendor sent it. Refused with why, and what to do; else it is kept beside those before, also one that begins later, and the newest valid one counts. */
  'license.install': { input: { text: string }; output: InstalledLicenseView };
  /** What `license.install` would say; changes nothing, and is refused as that. */
  'license.preview': { input: { text: string }; output: InstalledLicenseView };
  /** An installed license by its id, which may be left out when there is one. */
  'license.remove': { input: { id?: string }; output: LicenseView };

  /** `ttl` as Duration (default `1h`), `uses` 1 to 1000 (default 1). The token itself is shown only here. */
  'token.create': { input: { ttl?: string; uses?: number }; output: TokenView & { token: string } };
  'token.list': { input: Record<string, never>; output: { tokens: readonly TokenView[] } };
  'token.revoke': { input: { id: string }; output: TokenView };

  'node.list': { input: Record<string, never>; output: { nodes: readonly NodeView[] } };
  'node.get': { input: { name: string }; output: NodeView };
  /**
   * Takes the node out of the cluster: its certificate is refused from now on; its services are left running. It knows the gossip keys, so
   * that a rotation begins, unless `keepGossipKey` or the configuration (`gossip.rotateOnRemoval`) says otherwise.
   */
  'node.remove': {
    input: { name: string; keepGossipKey?: boolean };
    output: { name: string; gossipKey: 'rotating' | 'kept' };
  };
  /**
   * Has load balancers send nothing new to the node: to one of its services, or (default) to all of them. It stays so until `node.undrain`, whoever
   * restarts meanwhile; a node that is away hears of it as it comes back.
   */
  'node.drain': { input: { name: string; service?: string }; output: NodeView };
  /** Takes back `node.drain`: of one service, or (default) all that was asked of the node. */
  'node.undrain': { input: { name: string; service?: string }; output: NodeView };
  /** The gossip's own view: the controller's, or with `node` that node's, asked over its link. */
  'member.list': { input: { node?: string }; output: { members: readonly MemberView[] } };

  /** What drifted, node by node. */
  'drift.list': {
    input: { node?: string };
    output: { drifts: readonly (DriftView & { readonly node: string })[] };
  };
  /** Repairs once what drifted on a node, whatever the policy says; answers when it is done. `step_failed` when it fails; then it was undone. */
  'drift.repair': {
    input: { node: string; service?: string };
    output: { node: string; repaired: readonly { readonly service: string; readonly step: string }[] };
  };

  'gossip-key.list': { input: Record<string, never>; output: GossipKeysView };
  /** The view, then each change of it. */
  'gossip-key.watch': { input: Record<string, never>; output: GossipKeysView; stream: true };
  /** Begins a rotation. `ignore`: nodes not to wait for while they are away or don't report their keys. `conflict` while one runs. */
  'gossip-key.rotate': { input: { ignore?: readonly string[] }; output: GossipKeysView };
  /** Doesn't wait for these nodes while they are away or don't report their keys, in the rotation that runs. */
  'gossip-key.ignore': { input: { nodes: readonly string[] }; output: GossipKeysView };
  /** Ends the rotation that runs; both keys stay installed. */
  'gossip-key.abort': { input: Record<string, never>; output: GossipKeysView };
  /** Makes a key and installs it everywhere; nobody uses it yet. */
  'gossip-key.install': { input: Record<string, never>; output: GossipKeysView & { fingerprint: string } };
  /** Makes an installed key the primary one. `fingerprint`: its first digits are enough. */
  'gossip-key.use': {
    input: { fingerprint: string; ignore?: readonly string[] };
    output: GossipKeysView & { fingerprint: string };
  };
  /** Removes a key that nobody uses. */
  'gossip-key.remove': {
    input: { fingerprint: string; ignore?: readonly string[] };
    output: GossipKeysView & { fingerprint: string };
  };

  /** `onNodes`: let the nodes dry-run it; `nodes`: only these. */
  'spec.plan': {
    input: { spec: string; file?: string; onNodes?: boolean; nodes?: readonly string[] };
    output: Plan;
  };
  /** `basedOn`: the revision that the change was made against; refused with `conflict` when it isn't the newest any more. Default: the newest.
   * `strategy`: for this rollout, whatever the spec says. */
  'spec.apply': {
    input: {
      spec: string;
      file?: string;
      reason?: string;
      basedOn?: number;
      strategy?: RolloutStrategy;
    };
    output: ApplyResult;
  };

  /** Gives a secret its value, or a new one: text, 4 characters to 64 KiB. Nodes get it with the next revision. */
  'secret.set': { input: { name: string; value: string }; output: SecretView };
  'secret.list': { input: Record<string, never>; output: { secrets: readonly SecretView[] } };
  /** `failed_precondition` while the newest revision uses it, unless `force`. `revisions`: those that can't be gone back to any more. */
  'secret.remove': {
    input: { name: string; force?: boolean };
    output: { name: string; revisions: readonly number[] };
  };

  /** Commits that revision's spec with the blueprints that it had as a new revision. `basedOn` and `strategy` as with `spec.apply`. Default of `reason`: that it was restored. */
  'spec.restore': {
    input: { revision: number; reason?: string; basedOn?: number; strategy?: RolloutStrategy };
    output: ApplyResult;
  };

  'revision.list': { input: { limit?: number }; output: { revisions: readonly RevisionView[] } };
  /** Default: the newest. */
  'revision.get': { input: { number?: number }; output: RevisionDetail };
  /** Default: `to` the newest, `from` the one before it. */
  'revision.diff': { input: { from?: number; to?: number }; output: RevisionDiff };

  /** Default: the newest rollout. With its steps' events. */
  'rollout.get': { input: { revision?: number }; output: RolloutView & { events: readonly StepEventView[] } };
  'rollout.list': { input: { limit?: number }; output: { rollouts: readonly RolloutView[] } };
  'rollout.watch': { input: { revision?: number }; output: ClusterEvent; stream: true };
  /*
   * What an operator may ask of the newest rollout. `revision`: refused with `conflict` when that isn't the newest rollout any more. What isn't possible
   * in its present state is `failed_precondition`, with who brought it there.
   */
  /** Nodes under way end, no other begins. A failure is undone all the same. */
  'rollout.pause': { input: { revision?: number }; output: RolloutView };
  'rollout.resume': { input: { revision?: number }; output: RolloutView };
  /** The canary is good: the other batches follow. */
  'rollout.promote': { input: { revision?: number }; output: RolloutView };
  /** Failed nodes, and those that it hadn't reached or that were undone, are offered the revision again, although it failed there. */
  'rollout.retry': { input: { revision?: number }; output: RolloutView };
  /** Undoes what it changed; `keep`: nodes stay as they are, also when it is being undone. */
  'rollout.abort': { input: { revision?: number; keep?: boolean }; output: RolloutView };

  'blueprint.list': { input: Record<string, never>; output: BlueprintList };
  /** `name`, for its newest version, or `name@version`. */
  'blueprint.get': { input: { name: string }; output: BlueprintDetail };
  /**
   * Uploads a blueprint: `archive`, a `.tar.gz` in base64, or `files`, path (`blueprint.yaml`, `templates/NAME`) to text; exactly one of them. A version that
   * is there with other content is `already_exists`.
   */
  'blueprint.add': {
    input: { archive?: string; files?: Readonly<Record<string, string>>; file?: string };
    output: AddedBlueprint;
  };
  /** Forgets an uploaded blueprint, `name@version`. `failed_precondition` while the newest revision uses it. */
  'blueprint.remove': { input: { name: string }; output: BlueprintView };

  /** `since`/`until`: ms since the epoch. `grep`: regular expression (RE2-like subset: refused when it could run away). Oldest first; the newest `limit` (default 200, at most 10000) of what matches. */
  'log.search': {
    input: {
      node?: string;
      service?: string;
      source?: string;
      grep?: string;
      since?: number;
      until?: number;
      limit?: number;
    };
    output: { lines: readonly LogLine[]; truncated: boolean };
  };
  /** The last `backlog` lines (default 20), then new ones as they come. */
  'log.watch': {
    input: {
      node?: string;
      service?: string;
      source?: string;
      grep?: string;
      since?: number;
      backlog?: number;
    };
    output: LogLine;
    stream: true;
  };

  /** Default: every metric, the last hour, at most 360 points a series (averaged). */
  'stat.query': {
    input: { node?: string; metrics?: readonly string[]; since?: number; until?: number; points?: number };
    output: { series: readonly StatSeries[] };
  };
  /** The newest sample of each node. */
  'stat.latest': {
    input: { node?: string };
    output: { nodes: readonly { node: string; at: number; values: Readonly<Record<string, number>> }[] };
  };

  /** First a `node` event for each node, then every change. */
  'event.watch': { input: Record<string, never>; output: ClusterEvent; stream: true };
  'audit.list': { input: { limit?: number }; output: { entries: readonly AuditEntry[] } };
}

export type OperationName = keyof OperationTypes;
export type OperationInput<N extends OperationName> = OperationTypes[N]['input'];
export type OperationOutput<N extends OperationName> = OperationTypes[N]['output'];
/** Names of the operations that answer as a stream. */
export type StreamOperationName = {
  [N in OperationName]: OperationTypes[N] extends { stream: true } ? N : never;
}[OperationName];
export type UnaryOperationName = Exclude<OperationName, StreamOperationName>;

/** One row of the table, as `operations.list` shows it. */
export interface OperationDescription {
  readonly name: string;
  readonly summary: string;
  readonly role: Role;
  /** It changes something; so it is audited. */
  readonly changes: boolean;
  readonly stream: boolean;
  /** `GET /api/v1/nodes` */
  readonly http: string;
  readonly input: unknown;
  readonly output: unknown;
}
