import { Dice } from './dice.js';
import type { Door } from './door.js';
import { outline } from './door.js';
import { minimize } from './minimize.js';
import { mutate } from './mutate.js';
import { freshInput, type Target } from './targets.js';
import { type Trial, tryDoor } from './try-door.js';

/** An input that a door must stand. */
export interface Case {
  door: string;
  bytes: Uint8Array;
}

/** An input that a door did not stand, as short as it could be made. */
export interface Crash extends Case {
  why: string;
}

/** What a run came to so far. */
export interface Tally {
  cases: number;
  slowestMs: number;
  slowestDoor: string;
}

/** Most inputs kept for mutation per door. */
const MAX_KEPT = 2000;

/** Most outcomes that are told apart. */
const MAX_OUTCOMES = 50_000;

/** Most crashes that are told apart; beyond, something is broken altogether. */
const MAX_CRASHES = 50;

/** Feeds the doors of one target: fresh inputs and mutated ones, which are kept when something new comes of them. */
export class Fuzzer {
  readonly tally: Tally = { cases: 0, slowestMs: 0, slowestDoor: '' };
  readonly crashes: Crash[] = [];
  readonly #target: Target;
  readonly #dice: Dice;
  readonly #kept = new Map<Door, Uint8Array[]>();
  readonly #outcomes = new Set<string>();

  /** @param known inputs to begin with. */
  constructor(target: Target, seed: number, known: readonly Case[]) {
    this.#target = target;
    this.#dice = new Dice(seed);
    for (const door of target.doors) {
      const own = known.filter((input) => input.door === door.name).map((input) => input.bytes);
      this.#kept.set(door, own);
    }
  }

  /** Inputs with outcomes that no other had. */
  *kept(): Generator<Case> {
    for (const [door, inputs] of this.#kept) for (const bytes of inputs) yield { door: door.name, bytes };
  }

  /** Runs one case; answers a crash if it is one that was not seen before. */
  step(): Crash | undefined {
    const door = this.#dice.pick(this.#target.doors);
    const kept = this.#kept.get(door) ?? [];
    const bytes =
      kept.length > 0 && this.#dice.chance(0.5)
        ? mutate(this.#dice, this.#dice.pick(kept), this.#dice.pick(kept))
        : freshInput(this.#dice, door);
    return this.#judge(door, bytes, tryDoor(door, bytes), kept);
  }

  #judge(door: Door, bytes: Uint8Array, trial: Trial, kept: Uint8Array[]): Crash | undefined {
    this.tally.cases++;
    if (trial.ms > this.tally.slowestMs) {
      this.tally.slowestMs = trial.ms;
      this.tally.slowestDoor = door.name;
    }
    const result = 'failure' in trial ? outline(trial.failure) : trial.outcome;
    const key = `${door.name}: ${result}`;
    if (this.#outcomes.has(key) || this.#outcomes.size === MAX_OUTCOMES) return undefined;
    this.#outcomes.add(key);
    if (!('failure' in trial)) {
      if (kept.length < MAX_KEPT) kept.push(bytes);
      return undefined;
    }
    if (this.crashes.length === MAX_CRASHES) return undefined;
    const crash = { door: door.name, bytes: shortest(door, bytes, result), why: trial.failure };
    this.crashes.push(crash);
    return crash;
  }
}

/** The shortest input found that fails in the same way. */
function shortest(door: Door, bytes: Uint8Array, failure: string): Uint8Array {
  return minimize(bytes, door.name === 'state', (candidate) => {
    const trial = tryDoor(door, candidate);
    return 'failure' in trial && outline(trial.failure) === failure;
  });
}
