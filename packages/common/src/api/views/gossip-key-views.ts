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
