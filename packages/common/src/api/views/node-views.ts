import type { DriftPolicy } from '../../spec/spec.js';
import type { NodeLeaseView } from './license-views.js';

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
  /** Null: it doesn't say, or has never been heard. */
  readonly lease: NodeLeaseView | null;
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
