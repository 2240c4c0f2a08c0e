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

/** Most inputs kept for mutation per door, and bytes of each and of all together: mutants of mutants grow. */
const MAX_KEPT = 2000;
const MAX_KEPT_BYTES = 64 << 10;
const MAX_ALL_KEPT_BYTES = 4 << 20;

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
  readonly #kept = new Map<Door, Kept>();
  readonly #outcomes = new Set<string>();

  /** @param known inputs to begin with. */
  constructor(target: Target, seed: number, known: readonly Case[]) {
    this.#target = target;
    this.#dice = new Dice(seed);
    for (const door of target.doors) {
      const own = known.filter((input) => input.door === door.name).map((input) => input.bytes);
      this.#kept.set(door, new Kept(own));
    }
  }

  /** Inputs with outcomes that no other had. */
  *kept(): Generator<Case> {
    for (const [door, { inputs }] of this.#kept) for (const bytes of inputs) yield { door: door.name, bytes };
  }

  /** Runs one case; answers a crash if it is one that was not seen before. */
  step(): Crash | undefined {
    const door = this.#dice.pick(this.#target.doors);
    const inputs = this.#kept.get(door)?.inputs ?? [];
    const bytes =
      inputs.length > 0 && this.#dice.chance(0.5)
        ? mutate(this.#dice, this.#dice.pick(inputs), this.#dice.pick(inputs))
        : freshInput(this.#dice, door);
    return this.#judge(door, bytes, tryDoor(door, bytes));
  }

  #judge(door: Door, bytes: Uint8Array, trial: Trial): Crash | undefined {
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
      this.#kept.get(door)?.add(bytes);
      return undefined;
    }
    if (this.crashes.length === MAX_CRASHES) return undefined;
    const crash = { door: door.name, bytes: shortest(door, bytes, result), why: trial.failure };
    this.crashes.push(crash);
    return crash;
  }
}

/** Inputs of one door that are mutated further. */
class Kept {
  readonly inputs: Uint8Array[];
  #bytes: number;

  constructor(inputs: Uint8Array[]) {
    this.inputs = inputs;
    this.#bytes = inputs.reduce((sum, { length }) => sum + length, 0);
  }

  /** Keeps an input if there is room for it. */
  add(bytes: Uint8Array): void {
    if (this.inputs.length >= MAX_KEPT || bytes.length > MAX_KEPT_BYTES) return;
    if (this.#bytes + bytes.length > MAX_ALL_KEPT_BYTES) return;
    this.#bytes += bytes.length;
    // A copy, because a part would hold on to the whole that it was cut from.
    this.inputs.push(bytes.slice());
  }
}

/** The shortest input found that fails in the same way. */
function shortest(door: Door, bytes: Uint8Array, failure: string): Uint8Array {
  return minimize(bytes, door.name === 'state', (candidate) => {
    const trial = tryDoor(door, candidate);
    return 'failure' in trial && outline(trial.failure) === failure;
  });
}
