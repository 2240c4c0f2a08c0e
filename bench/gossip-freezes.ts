import type { Sighting } from './gossip-cluster.js';
import { chances } from './gossip-setup.js';

/** A member is stopped for a while. Times are ms. */
export interface Freeze {
  readonly member: number;
  readonly from: number;
  readonly until: number;
}

/** Which members are frozen when, from a seed: each for 1 to 8 s, then 3 to 10 s not, all along. In order of time. */
export function planFreezes(seed: number, members: readonly number[], durationMs: number): readonly Freeze[] {
  const chance = chances(seed);
  return members
    .flatMap((member) => {
      const freezes: Freeze[] = [];
      for (let at = chance() * 7000; ; ) {
        const until = at + 1000 + chance() * 7000;
        if (until > durationMs) return freezes;
        freezes.push({ member, from: at, until });
        at = until + 3000 + chance() * 7000;
      }
    })
    .sort((a, b) => a.from - b.from);
}

/** What became of one freeze. */
export interface FreezeOutcome {
  readonly lengthMs: number;
  /** Some member that is never frozen called the frozen one dead, before its next freeze. */
  readonly dead: boolean;
  /** From its thaw until no member that is never frozen held it for dead; undefined if it never was, or was at its next freeze still. */
  readonly aliveAgainMs: number | undefined;
}

/** How a cluster judged. A death is false if the member was never frozen: it ran all the time. */
export interface Judgment {
  /** Counted once each time that a member, believed dead by nobody before, is believed dead by somebody. */
  readonly falseDeaths: number;
  /** Each member that called a healthy one dead, each time: by those never frozen, and by those frozen now and then. */
  readonly falseVerdictsOfHealthy: number;
  readonly falseVerdictsOfFrozen: number;
  /** In the order of the freezes. */
  readonly freezes: readonly FreezeOutcome[];
}

/** Judges the judges: from what members said of each other, and what was done to them. */
export function assess(sightings: readonly Sighting[], freezes: readonly Freeze[]): Judgment {
  const frozen = new Set(freezes.map((freeze) => freeze.member));
  const falseVerdicts = sightings.filter((s) => s.change === 'dead' && !frozen.has(s.subject));
  return {
    falseDeaths: countDeaths(sightings.filter((s) => !frozen.has(s.subject))),
    falseVerdictsOfHealthy: falseVerdicts.filter((s) => !frozen.has(s.observer)).length,
    falseVerdictsOfFrozen: falseVerdicts.filter((s) => frozen.has(s.observer)).length,
    freezes: freezes.map((freeze) => {
      const next = freezes.find((other) => other.member === freeze.member && other.from > freeze.from);
      const about = sightings.filter(
        (s) =>
          s.subject === freeze.member &&
          !frozen.has(s.observer) &&
          s.at >= freeze.from &&
          s.at < (next?.from ?? Number.POSITIVE_INFINITY),
      );
      return outcome(freeze, about);
    }),
  };
}

function outcome(freeze: Freeze, about: readonly Sighting[]): FreezeOutcome {
  const lengthMs = freeze.until - freeze.from;
  const believers = new Set<number>();
  let dead = false;
  let recovered: number | undefined;
  for (const { change, observer, at } of about) {
    if (change === 'dead') {
      believers.add(observer);
      dead = true;
      recovered = undefined;
    }
    if (change === 'alive' && believers.delete(observer) && believers.size === 0) recovered = at;
  }
  const aliveAgainMs = recovered === undefined ? undefined : Math.max(0, recovered - freeze.until);
  return { lengthMs, dead, aliveAgainMs };
}

function countDeaths(sightings: readonly Sighting[]): number {
  const believers = new Map<number, Set<number>>();
  let deaths = 0;
  for (const { subject, observer, change } of sightings) {
    const holders = believers.get(subject) ?? new Set();
    believers.set(subject, holders);
    if (change === 'alive') holders.delete(observer);
    if (change !== 'dead') continue;
    if (holders.size === 0) deaths++;
    holders.add(observer);
  }
  return deaths;
}
