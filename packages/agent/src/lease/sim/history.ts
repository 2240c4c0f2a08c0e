import { seededRandom } from '@shoal/gossip/sim';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Something that happens to the host, its agent or the controller; times are true time, milliseconds since the start of the history. */
export type Happening = { readonly at: number } & (
  | { readonly kind: 'controller'; readonly up: boolean }
  /** The controller's clock is so much ahead of the truth from now on, milliseconds. */
  | { readonly kind: 'controller-clock'; readonly ahead: number }
  /** The host's wall clock is set so much ahead of the truth, milliseconds. */
  | { readonly kind: 'clock'; readonly ahead: number }
  /** The agent's process ends: `graceful`, or killed. */
  | { readonly kind: 'agent'; readonly up: boolean; readonly graceful: boolean }
  /** The host goes down, its agent with it, or comes up in a new boot. */
  | { readonly kind: 'host'; readonly up: boolean; readonly graceful: boolean }
  /** The controller has leases, or none, for who is linked. */
  | { readonly kind: 'grants'; readonly up: boolean }
  /** The controller's store comes from a backup: it knows nothing of the leases that it granted. */
  | { readonly kind: 'controller-restore' }
  /** Leases are granted with other terms from now on. */
  | { readonly kind: 'terms'; readonly terms: Terms }
  /** The node leaves its cluster for another one, or for none. */
  | { readonly kind: 'cluster'; readonly cluster: string | null }
  /** Nothing can be written to the disk, or it can again. */
  | { readonly kind: 'disk'; readonly full: boolean }
  /** What is on the disk is lost; only while the host is down. */
  | { readonly kind: 'wipe' }
  /** A snapshot is taken of the disk. */
  | { readonly kind: 'snapshot' }
  /** The disk is what it was in the snapshot, if there is one; only while the host is down. */
  | { readonly kind: 'restore' }
);

/** What leases are granted with, milliseconds. */
export interface Terms {
  readonly termMs: number;
  readonly graceMs: number;
}

/** One made-up history, all of it from its seed. */
export interface History {
  readonly seed: number;
  /** What leases are granted with at first. */
  readonly terms: Terms;
  /** Longest time between two looks at the clock, milliseconds. */
  readonly tickMs: number;
  /** By how much timers are late at most, milliseconds. */
  readonly lateMs: number;
  /** How much the host's wall clock gains in each millisecond, milliseconds. */
  readonly drift: number;
  readonly endMs: number;
  readonly happenings: readonly Happening[];
}

/** A history of outages, reboots, clocks that are set, disks that are restored, lost or full, and controllers that flap, lie about time or come from a backup. */
export function planHistory(seed: number): History {
  const draw = new Draw(seededRandom(seed));
  const termMs = draw.one([10 * minute, hour, 8 * hour, day, 7 * day]);
  const terms = draw.terms(termMs);
  const tickMs = Math.max(minute / 12, termMs / 150);
  const endMs = termMs * draw.one([2, 3, 4]);
  const happenings: Happening[] = [];
  const count = draw.whole(1, 8);
  for (let made = 0; made < count; made += 1) {
    happenings.push(...draw.one(plans)(draw, draw.upTo(endMs), termMs + terms.graceMs));
  }
  happenings.sort((a, b) => a.at - b.at);
  const lateMs = draw.one([0, 0, tickMs / 2]);
  const drift = draw.one([0, 0, 0, 1, -1]) * draw.one([0.0001, 0.003, 0.01]);
  return { seed, terms, tickMs, lateMs, drift, endMs, happenings };
}

class Draw {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  one<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)] as T;
  }

  upTo(most: number): number {
    return Math.floor(this.#random() * most);
  }

  whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** Short lengths are as likely as long ones. */
  length(most: number): number {
    return Math.floor(1000 * (most / 1000) ** this.#random());
  }

  terms(termMs: number): Terms {
    return { termMs, graceMs: Math.floor(this.one([0, termMs / 10, termMs / 4])) };
  }

  /** Minutes to decades, either way. */
  leap(): number {
    return this.one([-1, 1]) * this.length(80 * 365 * day);
  }
}

type Plan = (draw: Draw, at: number, lifeMs: number) => Happening[];

const outage: Plan = (draw, at, lifeMs) => [
  { at, kind: 'controller', up: false },
  { at: at + draw.one([draw.length(lifeMs), draw.upTo(2 * lifeMs)]), kind: 'controller', up: true },
];

const flapping: Plan = (draw, at) => {
  const happenings: Happening[] = [];
  let moment = at;
  for (let turn = draw.whole(2, 10); turn > 0; turn -= 1) {
    happenings.push({ at: moment, kind: 'controller', up: false });
    moment += draw.length(10 * minute);
    happenings.push({ at: moment, kind: 'controller', up: true });
    moment += draw.length(minute);
  }
  return happenings;
};

const restart: Plan = (draw, at, lifeMs) => {
  const graceful = draw.one([true, false]);
  return [
    { at, kind: 'agent', up: false, graceful },
    { at: at + draw.length(lifeMs / 2), kind: 'agent', up: true, graceful },
  ];
};

const reboot: Plan = (draw, at, lifeMs) => {
  const graceful = draw.one([true, false]);
  const back = at + draw.length(lifeMs);
  const happenings: Happening[] = [{ at, kind: 'host', up: false, graceful }];
  if (draw.one([true, false, false])) {
    happenings.push({ at: draw.upTo(at), kind: 'snapshot' }, { at: back - 1, kind: 'restore' });
  }
  if (draw.one([true, false, false])) happenings.push({ at: back - 1, kind: 'clock', ahead: draw.leap() });
  happenings.push({ at: back, kind: 'host', up: true, graceful });
  // The agent comes later than the host.
  if (draw.one([true, false, false])) {
    happenings.push(
      { at, kind: 'agent', up: false, graceful },
      { at: back + draw.length(lifeMs), kind: 'agent', up: true, graceful },
    );
  }
  return happenings;
};

const clockSet: Plan = (draw, at, lifeMs) => {
  const happenings: Happening[] = [{ at, kind: 'clock', ahead: draw.leap() }];
  if (draw.one([true, true, false]))
    happenings.push({ at: at + draw.length(lifeMs), kind: 'clock', ahead: 0 });
  return happenings;
};

const lie: Plan = (draw, at, lifeMs) => [
  { at, kind: 'controller-clock', ahead: draw.leap() },
  { at: at + draw.length(lifeMs), kind: 'controller-clock', ahead: 0 },
];

const refusal: Plan = (draw, at, lifeMs) => [
  { at, kind: 'grants', up: false },
  { at: at + draw.length(2 * lifeMs), kind: 'grants', up: true },
];

const backup: Plan = (_, at) => [{ at, kind: 'controller-restore' }];

const newTerms: Plan = (draw, at, lifeMs) => [
  { at, kind: 'terms', terms: draw.terms(Math.floor(lifeMs * draw.one([0.3, 0.6, 1.5, 3]))) },
];

const move: Plan = (draw, at, lifeMs) => [
  { at, kind: 'cluster', cluster: draw.one([null, 'b']) },
  { at: at + draw.length(lifeMs), kind: 'cluster', cluster: draw.one(['a', 'a', 'b']) },
];

const fullDisk: Plan = (draw, at, lifeMs) => [
  { at, kind: 'disk', full: true },
  { at: at + draw.length(lifeMs), kind: 'disk', full: false },
];

const lostDisk: Plan = (draw, at, lifeMs) => {
  const back = at + draw.length(lifeMs);
  return [
    { at, kind: 'host', up: false, graceful: true },
    { at: back, kind: 'wipe' },
    { at: back, kind: 'host', up: true, graceful: true },
  ];
};

/** As often as they stand here. */
const plans: readonly Plan[] = [
  ...[outage, outage, outage, outage, flapping, restart, restart, reboot, reboot, reboot],
  ...[clockSet, clockSet, clockSet, lie, refusal, backup, newTerms, move, fullDisk, lostDisk],
];
