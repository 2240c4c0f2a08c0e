import type { GossipKeyRotationView, GossipKeysView, GossipKeyView } from '@shoal/common';
import type { KeyObservation, KeyRing, Rotation } from './ring.js';
import { rotationWaits, type Wait } from './waits.js';

/** Members that are named in a view; the others are counted. */
const namedMembers = 20;
/** Keys that no member shall hold any more, but some reported: shown at most. */
const removedKeys = 10;

interface Counts {
  heldBy: number;
  usedBy: number;
}

function countKeys({ members }: KeyObservation): Map<string, Counts> {
  const counts = new Map<string, Counts>();
  const of = (fingerprint: string): Counts => {
    const known = counts.get(fingerprint) ?? { heldBy: 0, usedBy: 0 };
    counts.set(fingerprint, known);
    return known;
  };
  for (const { keys } of members.values()) {
    if (keys === null) continue;
    for (const fingerprint of keys.held) of(fingerprint).heldBy += 1;
    of(keys.primary).usedBy += 1;
  }
  return counts;
}

function keyViews(ring: KeyRing, seen: KeyObservation): GossipKeyView[] {
  const counts = countKeys(seen);
  const inForce = ring.keys.map(({ fingerprint, createdAt, primarySince }, index): GossipKeyView => {
    const { heldBy, usedBy } = counts.get(fingerprint) ?? { heldBy: 0, usedBy: 0 };
    counts.delete(fingerprint);
    const state = index === 0 ? 'primary' : 'installed';
    return { fingerprint, state, createdAt, primarySince, heldBy, usedBy };
  });
  const left = [...counts].slice(0, removedKeys).map(
    ([fingerprint, count]): GossipKeyView => ({
      fingerprint,
      state: 'removed',
      createdAt: null,
      primarySince: null,
      ...count,
    }),
  );
  return [...inForce, ...left];
}

/** How many of which nothing is known are not waited for either: to say that they are ready would be a guess. */
function letOff(waits: readonly Wait[], { members }: KeyObservation): number {
  const unknown = [...members.values()].filter(
    ({ presence, keys }) => presence !== 'connected' || keys === null,
  );
  return unknown.length - waits.filter(({ why }) => why === 'away' || why === 'silent').length;
}

function rotationView(rotation: Rotation, ring: KeyRing, seen: KeyObservation): GossipKeyRotationView {
  const { by, usedByAllSince: _, ...shown } = rotation;
  const waits = rotationWaits(ring, seen);
  const counted = seen.members.size - letOff(waits, seen);
  return {
    ...shown,
    startedBy: by.name,
    ready: counted - waits.length,
    members: counted,
    waitingFor: waits.slice(0, namedMembers),
  };
}

/** What operations show of the gossip keys; of an encrypted gossip. */
export function gossipKeysView(ring: KeyRing, seen: KeyObservation): GossipKeysView {
  const { rotation } = ring;
  return {
    encrypted: true,
    members: seen.members.size,
    keys: keyViews(ring, seen),
    rotation: rotation === null ? null : rotationView(rotation, ring, seen),
  };
}
