import { seededRandom } from '@shoal/gossip/sim';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Something that happens to the host, its agent or the controller; times are true time, milliseconds since the start of the history. */
export type Happening = { readonly at: number } & (
  | { readonly kind: 'controller'; readonly up: boolean }
  /** The controller's clock is so much ahead of the truth from now on, milliseconds. */
  | { readonly kind: 'controller-clock'; readonly ahead: number }
  /** The host's wall clock is so much ahead of the truth from now on, milliseconds. */
  | { readonly kind: 'clock'; readonly ahead: number }
  /** The agent's process ends: `graceful`, or killed. */
  | { readonly kind: 'agent'; readonly up: boolean; readonly graceful: boolean }
  /** The host goes down, its agent with it, or comes up in a new boot. */
  | { readonly kind: 'host'; readonly up: boolean; readonly graceful: boolean }
  /** A snapshot is taken of the disk. */
  | { readonly kind: 'snapshot' }
  /** The disk is what it was in the snapshot, if there is one; only while the host is down. */
  | { readonly kind: 'restore' }
);

/** One made-up history, all of it from its seed. */
export interface History {
  readonly seed: number;
  /** What leases are granted with, milliseconds. */
  readonly termMs: number;
  readonly graceMs: number;
  readonly renewMs: number;
  /** Longest time between two looks at the clock, milliseconds. */
  readonly tickMs: number;
  readonly endMs: number;
  readonly happenings: readonly Happening[];
}

/** A history of outages, reboots, clocks that are set, disks restored and controllers that flap or lie about time. */
export function planHistory(seed: number): History {
  const draw = new Draw(seededRandom(seed));
  const termMs = draw.one([10 * minute, hour, 8 * hour, day, 7 * day]);
  const graceMs = draw.one([0, termMs / 10, termMs / 4]);
  const renewMs = Math.min(hour, termMs / 3);
  const tickMs = Math.max(minute / 12, termMs / 150);
  const endMs = termMs * draw.one([2, 3, 4]);
  const happenings: Happening[] = [];
  const plans = [outage, outage, outage, flapping, restart, reboot, reboot, clockSet, clockSet, lie];
  const count = draw.whole(1, 8);
  for (let made = 0; made < count; made += 1) {
    happenings.push(...draw.one(plans)(draw, draw.upTo(endMs), termMs + graceMs));
  }
  happenings.sort((a, b) => a.at - b.at);
  return { seed, termMs, graceMs, renewMs, tickMs, endMs, happenings };
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
