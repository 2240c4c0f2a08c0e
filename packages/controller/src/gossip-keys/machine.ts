import { ShoalError } from '@shoal/common';
import {
  type Asker,
  type KeyObservation,
  type KeyRing,
  type Removal,
  type RingKey,
  type Rotation,
  runningRotation,
} from './ring.js';
import { rotationWaits } from './waits.js';

/** What the machine takes from outside besides what is measured. */
export interface MachineOptions {
  /** How long the old key is kept once all use the new one, ms: for messages that are under way. */
  readonly settleMs: number;
  /** Makes a key and gives its fingerprint. */
  readonly newKey: () => string;
}

/** Each more is tried on every packet that doesn't open by those before it. */
const mostKeys = 4;

/** A ring of one key, as a cluster begins with. */
export function firstRing(fingerprint: string, at: number): KeyRing {
  return { keys: [{ fingerprint, createdAt: at, primarySince: at }], rotation: null, removals: [] };
}

/** The ring with this key of it as the primary, since `at`. */
export function withPrimary(ring: KeyRing, fingerprint: string, at: number): KeyRing {
  const others = ring.keys.filter((key) => key.fingerprint !== fingerprint);
  const chosen = ring.keys.filter((key) => key.fingerprint === fingerprint);
  const primary = chosen.map((key): RingKey => ({ ...key, primarySince: at }));
  return { ...ring, keys: [...primary, ...others.map((key) => ({ ...key, primarySince: null }))] };
}

/** The ring with one more key, that nobody uses yet. */
export function withKey(ring: KeyRing, fingerprint: string, at: number): KeyRing {
  return { ...ring, keys: [...ring.keys, { fingerprint, createdAt: at, primarySince: null }] };
}

/** @throws ShoalError `resource_exhausted` when there is no room for one more key: each aborted rotation leaves one */
export function refuseWhenFull({ keys }: KeyRing): void {
  if (keys.length < mostKeys) return;
  throw new ShoalError('resource_exhausted', `${keys.length} gossip keys are installed already`, {
    hint: 'Remove one that nobody uses: shoal gossip-key remove FINGERPRINT',
  });
}

/** How to begin a rotation. */
export interface Beginning {
  readonly at: number;
  readonly by: Asker;
  readonly reason: string;
  readonly ignored: readonly string[];
  readonly newKey: () => string;
}

/** Begins a rotation to a new key. @throws ShoalError `conflict` while one runs */
export function beginRotation(ring: KeyRing, { at, by, reason, ignored, newKey }: Beginning): KeyRing {
  refuseWhileRunning(ring);
  const to = newKey();
  const rotation: Rotation = {
    id: (ring.rotation?.id ?? 0) + 1,
    stage: 'installing',
    from: ring.keys[0]?.fingerprint ?? '',
    to,
    reason,
    by,
    startedAt: at,
    stageAt: at,
    endedAt: null,
    usedByAllSince: null,
    ignored,
  };
  return { ...withKey(ring, to, at), rotation };
}

/** @throws ShoalError `conflict` while a rotation runs */
export function refuseWhileRunning(ring: KeyRing): void {
  const rotation = runningRotation(ring);
  if (rotation === null) return;
  throw new ShoalError('conflict', `Rotation ${rotation.id} of the gossip key runs (${rotation.stage})`, {
    hint: 'See what it waits for: shoal gossip-key ls. Or end it: shoal gossip-key abort',
  });
}

/** @throws ShoalError `failed_precondition` when none runs */
function needRunning(ring: KeyRing): Rotation {
  const rotation = runningRotation(ring);
  if (rotation !== null) return rotation;
  throw new ShoalError('failed_precondition', 'No rotation of the gossip key runs', {
    hint: 'See: shoal gossip-key ls',
  });
}

/** Lets these nodes off while they are away or silent. @throws ShoalError `failed_precondition` when no rotation runs */
export function ignoreNodes(ring: KeyRing, nodes: readonly string[]): KeyRing {
  const rotation = needRunning(ring);
  const ignored = [...new Set([...rotation.ignored, ...nodes])].sort();
  return { ...ring, rotation: { ...rotation, ignored } };
}

/**
 * Ends the rotation where it is; its keys stay installed, and removals of nodes that waited for their own are forgotten.
 *
 * @throws ShoalError `failed_precondition` when none runs, or it only has the old key left to remove: some nodes forgot that one already
 */
export function abortRotation(ring: KeyRing, at: number): KeyRing {
  const rotation = needRunning(ring);
  if (rotation.stage === 'removing') {
    throw new ShoalError(
      'failed_precondition',
      'Every member uses the new key and the old one is being removed: nothing is left to be aborted',
      { hint: 'To have another key: shoal gossip-key rotate' },
    );
  }
  return { ...ring, rotation: { ...rotation, stage: 'aborted', stageAt: at, endedAt: at }, removals: [] };
}

/** Notes that a node is about to be removed: once it is gone, a rotation begins. */
export function noteRemoval(ring: KeyRing, removal: Removal): KeyRing {
  return { ...ring, removals: [...forgetRemoval(ring, removal).removals, removal] };
}

/** The node wasn't removed after all. */
export function forgetRemoval(ring: KeyRing, { node, enrolledAt }: Removal): KeyRing {
  const removals = ring.removals.filter((it) => it.node !== node || it.enrolledAt !== enrolledAt);
  return { ...ring, removals };
}

/** The ring without removals that didn't take place, when nobody is at them any more: the controller was killed before it removed the node. */
export function forgetUndoneRemovals(ring: KeyRing, seen: KeyObservation): KeyRing {
  const removals = ring.removals.filter((removal) => isGone(removal, seen));
  return removals.length === ring.removals.length ? ring : { ...ring, removals };
}

function isGone({ node, enrolledAt }: Removal, { members }: KeyObservation): boolean {
  return members.get(node)?.enrolledAt !== enrolledAt;
}

/**
 * The next ring, at most one step on; the same one when nothing is to be done now. What it says is to be stored before anybody is told: then a controller that was
 * killed anywhere goes on by calling this again. Each step leaves every member able to read every other one that isn't ignored.
 */
export function advance(ring: KeyRing, seen: KeyObservation, options: MachineOptions): KeyRing {
  const rotation = runningRotation(ring);
  if (rotation === null) return beginForRemovals(ring, seen, options);
  const { at } = seen;
  if (rotationWaits(ring, seen).length > 0) {
    if (rotation.usedByAllSince === null) return ring;
    return { ...ring, rotation: { ...rotation, usedByAllSince: null } };
  }
  if (rotation.stage === 'installing') {
    return { ...withPrimary(ring, rotation.to, at), rotation: { ...rotation, stage: 'using', stageAt: at } };
  }
  if (rotation.stage === 'removing') {
    return { ...ring, rotation: { ...rotation, stage: 'done', stageAt: at, endedAt: at } };
  }
  const since = rotation.usedByAllSince;
  // A clock that was set back must not make it wait longer than it shall.
  if (since === null || since > at) return { ...ring, rotation: { ...rotation, usedByAllSince: at } };
  if (at - since < options.settleMs) return ring;
  const keys = ring.keys.filter(({ fingerprint }) => fingerprint === rotation.to);
  return { ...ring, keys, rotation: { ...rotation, stage: 'removing', stageAt: at, usedByAllSince: null } };
}

/** When `advance` has something to do by time alone, ms since the epoch. */
export function nextDeadline(ring: KeyRing, settleMs: number): number | undefined {
  const since = runningRotation(ring)?.usedByAllSince ?? null;
  return since === null ? undefined : since + settleMs;
}

/** A node that is out of the cluster knows its keys: one rotation for all that went since the last. */
function beginForRemovals(ring: KeyRing, seen: KeyObservation, options: MachineOptions): KeyRing {
  const gone = ring.removals.filter((removal) => isGone(removal, seen));
  const [first] = gone;
  if (first === undefined) return ring;
  const names = gone.map(({ node }) => node).join(', ');
  const reason = `${gone.length === 1 ? 'node' : 'nodes'} ${names} removed`;
  const removals = ring.removals.filter((removal) => !isGone(removal, seen));
  return beginRotation({ ...ring, removals }, { ...options, at: seen.at, by: first.by, reason, ignored: [] });
}
