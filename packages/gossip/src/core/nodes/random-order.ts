import { type Random, type Row, randomBelow } from '../random.js';
import { grown } from './columns.js';

type Numbers = Uint16Array | Uint32Array;

/** Two bytes for each number suffice below this. */
const SHORT = 0xffff;

/** Least room of an order. */
const LEAST_ROOM = 16;

const numbers = (room: number): Numbers => (room < SHORT ? new Uint16Array(room) : new Uint32Array(room));

/**
 * Small numbers in random order, and a cursor that visits each of them once in a round (SWIM section 4.3: a failure
 * is found within 2n - 1 probes). Adding, removing and visiting cost the same however many there are.
 */
export class RandomOrder implements Row<number> {
  readonly #random: Random;
  #order: Numbers = numbers(LEAST_ROOM);
  /** Where a number stands in the order, plus 1; 0 if it does not. */
  #places: Numbers = numbers(LEAST_ROOM);
  #size = 0;
  #cursor = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get length(): number {
    return this.#size;
  }

  /** The number at a place in [0, length). */
  at(place: number): number {
    return this.#order[place] ?? 0;
  }

  /** Adds a number that is not there yet, at a random place among those still to be visited in this round. */
  add(id: number): void {
    this.#reserve(id);
    const place = this.#cursor + randomBelow(this.#random, this.#size - this.#cursor + 1);
    if (place < this.#size) this.#put(this.at(place), this.#size);
    this.#put(id, place);
    this.#size++;
  }

  /** Removes a number; the numbers still to be visited in this round stay the same. */
  remove(id: number): void {
    let place = (this.#places[id] ?? 0) - 1;
    if (place < 0) return;
    if (place < this.#cursor) {
      this.#cursor--;
      this.#put(this.at(this.#cursor), place);
      place = this.#cursor;
    }
    this.#size--;
    if (place < this.#size) this.#put(this.at(this.#size), place);
    this.#places[id] = 0;
  }

  /** The next number of this round, or undefined at its end. */
  next(): number | undefined {
    return this.#cursor < this.#size ? this.at(this.#cursor++) : undefined;
  }

  /** Begins a round in a new order. */
  shuffle(): void {
    for (let last = this.#size - 1; last > 0; last--) {
      const other = randomBelow(this.#random, last + 1);
      const held = this.at(last);
      this.#put(this.at(other), last);
      this.#put(held, other);
    }
    this.#cursor = 0;
  }

  /** Takes over the numbers of another order, in an order of its own. */
  copy(other: RandomOrder): void {
    this.#order = other.#order.slice();
    this.#places = other.#places.slice();
    this.#size = other.#size;
    this.shuffle();
  }

  #put(id: number, place: number): void {
    this.#order[place] = id;
    this.#places[id] = place + 1;
  }

  #reserve(id: number): void {
    const room = Math.max(id, this.#size) + 1;
    if (room <= this.#places.length) return;
    const enough = Math.ceil(room * 1.25);
    this.#order = grown(this.#order, numbers(enough));
    this.#places = grown(this.#places, numbers(enough));
  }
}
