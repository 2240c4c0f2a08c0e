import type { GossipKeyRotationView, GossipKeysView } from '@shoal/common';

/** Within this time members follow a stage by themselves, ms. */
const stageMs = 60_000;

/** How the rotation stands, and the fingerprints of the keys that are installed beside the primary one. */
export type RotationState =
  | { readonly kind: 'none'; readonly others: readonly string[] }
  | {
      readonly kind: 'aborted';
      readonly others: readonly string[];
      /** ms since the epoch. */
      readonly at: number;
    }
  | { readonly kind: 'running'; readonly rotation: GossipKeyRotationView; readonly isStuck: boolean };

/** What the keys' view says of their rotation. One that only a person can bring on is stuck. `now`: ms since the epoch. */
export function rotationState({ keys, rotation }: GossipKeysView, now: number): RotationState {
  const others = keys.filter(({ state }) => state === 'installed').map(({ fingerprint }) => fingerprint);
  if (rotation !== null && rotation.endedAt === null) {
    const { waitingFor, stageAt } = rotation;
    const isHeldUp = waitingFor.some(({ why }) => why === 'away' || why === 'silent');
    const isSlow = waitingFor.length > 0 && now - stageAt > stageMs;
    return { kind: 'running', rotation, isStuck: isHeldUp || isSlow };
  }
  if (rotation?.stage === 'aborted' && others.length > 0)
    return { kind: 'aborted', others, at: rotation.endedAt ?? rotation.stageAt };
  return { kind: 'none', others };
}
