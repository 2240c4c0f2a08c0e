import {
  type ClockDoubt,
  type ClockReading,
  createTrustedClock,
  describeClockEvent,
  type Logger,
  type TrustedClock,
} from '@shoal/common';
import { getJson, putJson } from '../store/json.js';
import { keys } from '../store/keys.js';
import type { Store, Write } from '../store/store.js';

/** The time as it will be once `apply` is called. */
export interface ForeseenTime {
  /** Trusted time, ms since the epoch. */
  readonly now: number;
  readonly doubt: ClockDoubt | null;
  /** The write that keeps it. */
  readonly write: Write;
  apply(): void;
}

/** What the clock needs of the rest. */
export interface KeptClockComponents {
  readonly store: Store;
  /** What the host's clocks say now. */
  readonly read: () => ClockReading;
  readonly logger: Logger;
}

/** The trusted time of this controller, kept in its store over restarts and reboots. What is odd about the host's clock is logged. */
export class KeptClock {
  readonly #parts: KeptClockComponents;
  readonly #clock: TrustedClock;
  /** Of the last `tick`. */
  #termMs = Number.POSITIVE_INFINITY;

  private constructor(parts: KeptClockComponents, clock: TrustedClock) {
    this.#parts = parts;
    this.#clock = clock;
  }

  /** Goes on from what the store has. */
  static async open(parts: KeptClockComponents): Promise<KeptClock> {
    const kept = await getJson(parts.store, keys.licenseClock);
    return new KeptClock(parts, createTrustedClock(kept?.value, parts.read()));
  }

  /** Trusted time at the last `tick`, ms since the epoch. */
  get now(): number {
    return this.#clock.now;
  }

  get doubt(): ClockDoubt | null {
    return this.#clock.doubt;
  }

  /** The wall clock, ms since the epoch. */
  get wall(): number {
    return this.#parts.read().wall;
  }

  /** Takes a reading; `termMs` as `TrustedClock` has it. Gives the trusted time. */
  tick(termMs: number): number {
    const { logger } = this.#parts;
    this.#termMs = termMs;
    for (const event of this.#clock.tick(this.#parts.read(), termMs)) {
      const level = event.kind === 'set-right' ? 'info' : 'warn';
      logger[level](event, describeClockEvent(event));
    }
    return this.#clock.now;
  }

  /** The vendor signed something at this time. */
  attest(signedAt: number): void {
    this.#clock.attest(signedAt);
  }

  /**
   * What the time will be by something that the vendor signed at `signedAt`. `restart`: also when that is earlier, which lets go of a time that was wrongly adopted; only
   * for a license that was never seen before.
   */
  foresee(kind: 'attest' | 'restart', signedAt: number): ForeseenTime {
    const reading = this.#parts.read();
    const clock = createTrustedClock(this.#clock.state, reading);
    clock[kind](signedAt, reading);
    clock.tick(reading, this.#termMs);
    const { now, doubt, state } = clock;
    const apply = (): void => this.#clock[kind](signedAt, this.#parts.read());
    return { now, doubt, write: putJson(keys.licenseClock, state), apply };
  }

  /** The write that keeps it. */
  write(): Write {
    return putJson(keys.licenseClock, this.#clock.state);
  }
}
