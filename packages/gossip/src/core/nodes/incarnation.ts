/** Greatest incarnation on the wire (u32). */
export const MAX_INCARNATION = 0xffff_ffff;

/** A jump above this can't come from refutations: at one per second it would take 68 years. */
const MAX_JUMP = 2 ** 31;

/** Says whether an incarnation can have come about by honest means after the one known. */
export function plausible(known: number, claimed: number): boolean {
  return claimed - known <= MAX_JUMP;
}

/** The incarnation that overrides an accusation; stays at the greatest instead of wrapping to 0. */
export function above(own: number, accused: number): number {
  return Math.min(MAX_INCARNATION, Math.max(own, accused) + 1);
}
