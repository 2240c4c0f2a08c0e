import type { GossipKeyState } from '@shoal/common';
import type { Presence } from '../rollout/state.js';
import type { Actor } from '../services.js';

/** A gossip key that members shall hold, by its fingerprint. */
export interface RingKey {
  readonly fingerprint: string;
  /** ms since the epoch. */
  readonly createdAt: number;
  /** Since when it is the primary; null: it isn't. */
  readonly primarySince: number | null;
}

/** Who asked; what audit records name. */
export type Asker = Pick<Actor, 'name' | 'door'>;

/** `installing`: all shall hold the new key; `using`: all shall encrypt with it; `removing`: all shall forget the others. */
export type RotationStage = 'installing' | 'using' | 'removing' | 'done' | 'aborted';

/** Replacing the primary key everywhere. */
export interface Rotation {
  /** Rises by one with each rotation. */
  readonly id: number;
  readonly stage: RotationStage;
  readonly from: string;
  readonly to: string;
  /** Empty: someone asked for it. */
  readonly reason: string;
  readonly by: Asker;
  readonly startedAt: number;
  readonly stageAt: number;
  readonly endedAt: number | null;
  /** Since when all that are waited for use the new key; null: not yet. The old one is still needed for what is under way. */
  readonly usedByAllSince: number | null;
  /** Nodes that aren't waited for while they are away or don't report their keys. */
  readonly ignored: readonly string[];
}

/** A node that is to be, or was, taken out of the cluster, and knows its keys. */
export interface Removal {
  readonly node: string;
  /** Tells it from a later node of the same name. */
  readonly enrolledAt: number;
  readonly by: Asker;
}

/** What members of the gossip shall hold, and how far the change of it is. Stored as it is; holds no secret. */
export interface KeyRing {
  /** The primary first. */
  readonly keys: readonly RingKey[];
  /** The one that runs, or the last one. */
  readonly rotation: Rotation | null;
  /** Removals that a rotation must still follow. */
  readonly removals: readonly Removal[];
}

/** What is measured of one member. */
export interface KeyHolder {
  /** `connected`: it has a link, and reported on it; `away`: it is expected back any moment; `offline`: it isn't. */
  readonly presence: Presence;
  readonly enrolledAt: number;
  /** null: not reported. */
  readonly keys: GossipKeyState | null;
}

/** All members at one time (ms since the epoch), by name, the controller among them. */
export interface KeyObservation {
  readonly at: number;
  readonly members: ReadonlyMap<string, KeyHolder>;
}

/** The rotation that runs; null: none. */
export function runningRotation({ rotation }: KeyRing): Rotation | null {
  return rotation === null || rotation.endedAt !== null ? null : rotation;
}
