import { type GossipKeyState, type GossipKeyWait, listed } from '@shoal/common';
import type { Presence } from '../rollout/state.js';
import { type KeyObservation, type KeyRing, type Rotation, runningRotation } from './ring.js';

/** A member that isn't as it must be for the next change to cut nobody off. */
export interface Wait {
  readonly member: string;
  readonly why: GossipKeyWait;
}

/**
 * Members that don't hold what `is` asks, as they reported it. One of which nothing is known counts, unless it is let off: its gossip may run without its link, or
 * without its report.
 */
function waitsFor(
  { members }: KeyObservation,
  letOff: (member: string, presence: Presence) => boolean,
  is: (keys: GossipKeyState) => boolean,
  otherwise: GossipKeyWait,
): Wait[] {
  const waits: Wait[] = [];
  for (const [member, { presence, keys }] of members) {
    if (presence !== 'connected') {
      if (!letOff(member, presence)) waits.push({ member, why: 'away' });
    } else if (keys === null) {
      if (!letOff(member, presence)) waits.push({ member, why: 'silent' });
    } else if (!is(keys)) waits.push({ member, why: otherwise });
  }
  return waits;
}

function among(names: readonly string[]): (name: string) => boolean {
  const set = new Set(names);
  return (name) => set.has(name);
}

/** Members that couldn't read what is encrypted with the key. */
export function lackersOf(fingerprint: string, seen: KeyObservation, ignored: readonly string[]): Wait[] {
  return waitsFor(seen, among(ignored), ({ held }) => held.includes(fingerprint), 'lacks-new');
}

/** Members that encrypt, or may encrypt, with another key than this one. */
export function othersThan(fingerprint: string, seen: KeyObservation, ignored: readonly string[]): Wait[] {
  return waitsFor(seen, among(ignored), ({ primary }) => primary === fingerprint, 'uses-old');
}

/** Members that still hold a key of which the ring knows nothing. Nothing depends on it: who is offline drops the key as it comes back, and isn't waited for. */
function keepersOf({ keys: ring }: KeyRing, seen: KeyObservation, ignored: readonly string[]): Wait[] {
  const known = new Set(ring.map(({ fingerprint }) => fingerprint));
  const isIgnored = among(ignored);
  const letOff = (member: string, presence: Presence) => presence === 'offline' || isIgnored(member);
  return waitsFor(seen, letOff, ({ held }) => held.every((key) => known.has(key)), 'holds-old');
}

function waitsOf(rotation: Rotation, ring: KeyRing, seen: KeyObservation): Wait[] {
  if (rotation.stage === 'installing') return lackersOf(rotation.to, seen, rotation.ignored);
  if (rotation.stage === 'using') return othersThan(rotation.to, seen, rotation.ignored);
  return keepersOf(ring, seen, rotation.ignored);
}

/** Members that the stage of the running rotation waits for; none when none runs. */
export function rotationWaits(ring: KeyRing, seen: KeyObservation): Wait[] {
  const rotation = runningRotation(ring);
  return rotation === null ? [] : waitsOf(rotation, ring, seen);
}

const words: Readonly<Record<GossipKeyWait, string>> = {
  away: 'is away',
  silent: "doesn't report its keys",
  'lacks-new': 'lacks the key',
  'uses-old': 'uses another key',
  'holds-old': 'holds the old key',
};
const named = 5;

/** The members and what each is waited for, as a sentence's end: `web2 is away, web3 lacks the key`. */
export function describeWaits(waits: readonly Wait[]): string {
  return listed(
    waits.map(({ member, why }) => `${member} ${words[why]}`),
    named,
  );
}
