import type { Blueprint } from '../blueprint/blueprint.js';
import type { Problem } from '../errors/shoal-error.js';
import type { Tier } from '../lease/lease.js';
import type { DriftPolicy, RolloutStrategy } from '../spec/spec.js';

/** What the controller's operations answer. All times are milliseconds since the epoch. */

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** One member in the gossip's own view. */
export interface MemberView {
  readonly name: string;
  /** host:port */
  readonly address: string;
  readonly state: MemberState;
  readonly tags: Readonly<Record<string, string>>;
  readonly incarnation: number;
  /** When the state was entered, as the observer saw it. */
  readonly since: number;
}

export type ConvergeStateName = 'unknown' | 'idle' | 'converging' | 'gating' | 'undoing' | 'failed';

export interface FailureView {
  readonly service: string;
  /** Step id, or `health`, `gate`, `deadline`. */
  readonly step: string;
  readonly message: string;
  /** The failing command's own last lines. */
  readonly output: string;
  readonly undone: boolean;
  /** It failed before anything of the host was changed: there was nothing to undo. */
  readonly untouched?: boolean;
}

export interface ServiceStatusView {
  readonly service: string;
  readonly process: string;
  readonly health: string;
  readonly detail: string;
  readonly startedAt: number | null;
  readonly restarts: number;
}

/** A manifest's content hash with the revision that it belongs to. */
export interface HashView {
  readonly hash: string;
  readonly revision: number;
}

/** What one member of the gossip encrypts and decrypts with, by fingerprints; the keys themselves are in no view. */
export interface GossipKeyState {
  /** Encrypts what it says. */
  readonly primary: string;
  /** All that decrypt what it hears, the primary among them. */
  readonly held: readonly string[];
}

/** One gossip key. Of the members, the controller counts as one. */
export interface GossipKeyView {
  readonly fingerprint: string;
  /** `primary`: members shall encrypt with it; `installed`: they shall hold it; `removed`: they shall not, but some still report it. */
  readonly state: 'primary' | 'installed' | 'removed';
  /** When it was made; null: not known any more. */
  readonly createdAt: number | null;
  /** Since when it is the primary; null: it isn't. */
  readonly primarySince: number | null;
  /** Members that reported that they hold it. */
  readonly heldBy: number;
  /** Members that reported that they encrypt with it. */
  readonly usedBy: number;
}

/**
 * Why a rotation waits for a member: `away`, it has no link; `silent`, its agent doesn't report its keys; `lacks-new`, `uses-old`,
 * `holds-old`, as it reported.
 */
export type GossipKeyWait = 'away' | 'silent' | 'lacks-new' | 'uses-old' | 'holds-old';

/** Replacing the gossip key everywhere, in three stages; `done` and `aborted` are ends. */
export interface GossipKeyRotationView {
  readonly id: number;
  readonly stage: 'installing' | 'using' | 'removing' | 'done' | 'aborted';
  /** Fingerprint of the primary key before it. */
  readonly from: string;
  /** Fingerprint of the new one. */
  readonly to: string;
  /** Why it was begun; empty: someone asked for it. */
  readonly reason: string;
  readonly startedBy: string;
  readonly startedAt: number;
  readonly stageAt: number;
  readonly endedAt: number | null;
  /** Members that are through with the stage, of `members`: all but those of which nothing is known and that aren't waited for. */
  readonly ready: number;
  readonly members: number;
  /** The first 20 members that the stage waits for. */
  readonly waitingFor: readonly { readonly member: string; readonly why: GossipKeyWait }[];
  /** Nodes that aren't waited for while they are away or silent. */
  readonly ignored: readonly string[];
}

/** The gossip keys and their rotation. */
export interface GossipKeysView {
  /** False: the gossip isn't encrypted, there are no keys. */
  readonly encrypted: boolean;
  /** Nodes, and the controller. */
  readonly members: number;
  readonly keys: readonly GossipKeyView[];
  /** The one that runs, or the last one; null: there was none. */
  readonly rotation: GossipKeyRotationView | null;
}

/** A step of the manifest in force that no longer holds on its node. */
export interface DriftView {
  readonly service: string;
  /** Step id. */
  readonly step: string;
  /** When the agent first saw it; it forgets that with a restart. */
  readonly since: number;
  /** From what is there to what shall be, for people: a unified diff for files; without their content where group or others may not read them. */
  readonly difference: string;
  /** What the spec says of the service: `services.NAME.drift`. */
  readonly policy: DriftPolicy;
  /**
   * `left`: nothing is done about it; `repairing`: its repair waits or is under way; `failed`: a repair failed (`detail`), tried again at `retryAt`;
   * `flapping`: it came back after each of three repairs within 10 minutes, and is left.
   */
  readonly state: 'left' | 'repairing' | 'failed' | 'flapping';
  readonly detail: string;
  readonly retryAt: number | null;
}

/** One node, with the three hashes: what it shall be, what was tried and failed, what runs. */
export interface NodeView {
  readonly name: string;
  readonly site: string;
  /** Gossip address, host:port; empty before the first link. */
  readonly address: string;
  readonly agentVersion: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly enrolledAt: number;
  readonly certificateExpiresAt: number;
  /** The link to the agent stands. */
  readonly connected: boolean;
  readonly lastSeenAt: number | null;
  /** The gossip's verdict, as the controller sees it; null: not a member (yet). */
  readonly member: MemberState | null;
  readonly desired: HashView | null;
  readonly failed: (HashView & { readonly failure: FailureView }) | null;
  readonly running: HashView | null;
  readonly state: ConvergeStateName;
  readonly services: readonly ServiceStatusView[];
  /** The gossip keys that its agent reported; null: none, or it doesn't say. */
  readonly gossipKeys: GossipKeyState | null;
  /** Services that the node itself says it keeps requests away from. */
  readonly draining: readonly string[];
  /** Services that an operator wants drained there, `*` for all; they stay so until it is undone. */
  readonly drainAsked: readonly string[];
  /** What no longer holds of what runs there, as its agent last said. */
  readonly drifts: readonly DriftView[];
  /**
   * One word for people: `ok` (connected, runs what it shall, healthy), `converging`, `failed` (last attempt failed), `unhealthy`,
   * `behind` (runs something else than desired and nothing is under way), `drifted` (runs what it shall, but something of it was changed on the host),
   * `unreachable` (no link, gossip alive), `down` (gossip dead or left, no link), `new`.
   */
  readonly status:
    | 'ok'
    | 'converging'
    | 'failed'
    | 'unhealthy'
    | 'behind'
    | 'drifted'
    | 'unreachable'
    | 'down'
    | 'new';
}

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

export type RevisionStatus = 'pending' | 'rolling-out' | 'active' | 'failed' | 'aborted' | 'superseded';

export interface RevisionView {
  readonly number: number;
  readonly createdAt: number;
  readonly author: string;
  readonly reason: string;
  readonly status: RevisionStatus;
  /** SHA-256 of the spec's text, hex. */
  readonly specHash: string;
  readonly basedOn: number;
}

export interface RevisionDetail extends RevisionView {
  /** The spec, as the author wrote it (YAML). */
  readonly spec: string;
}

/** A change of one value between two specs. */
export interface SpecChange {
  readonly kind: 'added' | 'removed' | 'changed';
  /** Path as people write it: `services.web.params.port`. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface RevisionDiff {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly SpecChange[];
  /** Unified diff of the two YAML texts; empty when they are the same. */
  readonly text: string;
}

export interface PlanNode {
  readonly node: string;
  /** `change`, `same`, `new` (nothing runs yet), `remove` (services go away). */
  readonly action: string;
  readonly services: readonly string[];
  /** From the nodes' own dry run, when it was asked for. */
  readonly differences: readonly {
    readonly service: string;
    readonly step: string;
    readonly difference: string;
    /** Why converging would be refused there, with what the refusing program printed; empty: nothing speaks against it. */
    readonly problem: string;
  }[];
  /** Why the dry run is missing, e.g. `not connected`. */
  readonly note: string;
}

/** A secret whose newest value isn't the one that the newest revision means. */
export interface PlanSecret {
  readonly name: string;
  /** Services of the spec that use it. */
  readonly services: readonly string[];
}

/** A service that would run another version, or another content, of its blueprint. */
export interface BlueprintChange {
  readonly service: string;
  /** `name@version` before and after; the same when the content was changed in place. */
  readonly before: string;
  readonly after: string;
}

export interface Plan {
  /** Revision that the plan was made against; give it to `spec.apply` as `basedOn`. 0: none yet. */
  readonly basedOn: number;
  readonly changes: readonly SpecChange[];
  /** Blueprints of services of both revisions that changed. */
  readonly blueprints: readonly BlueprintChange[];
  readonly text: string;
  readonly nodes: readonly PlanNode[];
  /** Secrets that get a new value by applying. */
  readonly secrets: readonly PlanSecret[];
  /** What applying doesn't refuse and a person should know. */
  readonly warnings: readonly string[];
}

/**
 * `running`, `paused` (by an operator: nodes under way end, no other begins), `awaiting-promotion` (the canary has succeeded), `undoing` (what it changed goes back:
 * a node failed, or an operator aborted it). Ends: `succeeded`; `failed`; `aborted`; `superseded`, a newer revision was applied before this one had reached every node.
 */
export type RolloutStatus =
  | 'running'
  | 'paused'
  | 'awaiting-promotion'
  | 'undoing'
  | 'succeeded'
  | 'failed'
  | 'aborted'
  | 'superseded';
/**
 * `pending`: its turn comes later; `offered`: under way; `offline`: skipped, it is offered the revision when it comes back; `untouched`: the rollout ended before its
 * turn; `undoing`: it goes back to what it ran before; `undone`: it was measured to run that again.
 */
export type RolloutNodeStatus =
  | 'pending'
  | 'offered'
  | 'succeeded'
  | 'failed'
  | 'offline'
  | 'untouched'
  | 'undoing'
  | 'undone';

export interface RolloutNodeView {
  readonly node: string;
  readonly status: RolloutNodeStatus;
  /** Which batch it is in, from 1 on; 0: none, since the change doesn't touch it. */
  readonly batch: number;
  /** Revision that it ran before and goes back to; 0: none. */
  readonly previous: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly failure: FailureView | null;
}

/** Bringing nodes from one revision to another. Its id is the target revision's number. */
export interface RolloutView {
  readonly revision: number;
  readonly from: number;
  readonly status: RolloutStatus;
  readonly strategy: RolloutStrategy;
  /** Number of batches. */
  readonly batches: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** When a canary goes on by itself; null: it doesn't, or not now. */
  readonly promoteAt: number | null;
  /** When the whole rollout counts as failed; null: never, or it is paused. */
  readonly deadlineAt: number | null;
  /** True when it was undone: every node that it changed and that can be reached was measured to run what it ran before. */
  readonly undone: boolean;
  /** What an operator asked of it last; null: nothing. */
  readonly request: RolloutRequestView | null;
  /** What happens, what it waits for and what can be done about it, in a sentence or two; empty: nothing needs to be said. */
  readonly message: string;
  readonly nodes: readonly RolloutNodeView[];
}

/** What an operator asked of a rollout. */
export interface RolloutRequestView {
  readonly what: 'pause' | 'resume' | 'promote' | 'retry' | 'abort';
  readonly by: string;
  readonly at: number;
}

export interface StepEventView {
  readonly node: string;
  readonly revision: number;
  readonly service: string;
  readonly step: string;
  readonly kind: string;
  readonly text: string;
  readonly at: number;
}

export interface ApplyResult {
  readonly revision: number;
  /** False when the spec's text and every manifest are the same as in the running revision: nothing was committed. */
  readonly changed: boolean;
}

/** Where a blueprint came from. */
export type BlueprintSource = 'built-in' | 'directory' | 'uploaded';

/** One version of a blueprint that specs can name. */
export interface BlueprintView {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly source: BlueprintSource;
  /** Folder or archive on the controller's host; empty for one that was uploaded. */
  readonly place: string;
  /** SHA-256 of its content, hex. */
  readonly hash: string;
  /** It is what `blueprint: NAME` without a version means now. */
  readonly newest: boolean;
  /** Services of the newest revision that run this very content. */
  readonly usedBy: readonly string[];
  /** What an operator should know of it, e.g. that it stands before another one of the same version; empty: nothing. */
  readonly note: string;
  /** When and by whom it was uploaded; null for one on disk. */
  readonly uploaded: { readonly at: number; readonly by: string } | null;
}

/** One blueprint with what it is made of. */
export interface BlueprintDetail extends BlueprintView {
  /** The whole definition, template files inlined. */
  readonly blueprint: Blueprint;
}

/** All that specs can name, and what stands in the way of others. */
export interface BlueprintList {
  /** By name, then version, rising. */
  readonly blueprints: readonly BlueprintView[];
  /** Faults of blueprints on the controller's disk: until they are mended no spec can be applied. */
  readonly problems: readonly Problem[];
}

/** What an uploaded blueprint became. */
export interface AddedBlueprint {
  readonly blueprint: BlueprintView;
  /** False: this very content was there already. */
  readonly added: boolean;
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
  /** `grpc` or `http`. */
  readonly door: string;
  readonly operation: string;
  readonly input: unknown;
  readonly outcome: string;
}

export interface StatusView {
  readonly clusterId: string;
  readonly clusterName: string;
  readonly version: string;
  readonly startedAt: number;
  readonly tier: Tier;
  readonly revision: { readonly running: number; readonly latest: number };
  /** Nodes by `NodeView.status`. */
  readonly nodes: Readonly<Record<string, number>>;
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
  | { readonly type: 'gossip-keys'; readonly keys: GossipKeysView };
