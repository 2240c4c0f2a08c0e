import type { ClockReading } from '@shoal/common';
import type { BookEntries } from '../lease-book.js';
import type { Truth } from './truth.js';

/** What is on the disk: what the agent kept, and the truth about it at that time. */
export interface Disk {
  readonly entries: BookEntries;
  readonly truth: Truth;
}

/** True time at the beginning of all histories, milliseconds since the epoch. */
export const beginning = 1_800_000_000_000;

/** A simulated host: clocks and a disk. */
export class SimHost {
  isOn = true;
  /** Nothing can be written. */
  isFull = false;
  disk: Disk | undefined;
  #snapshot: Disk | undefined;
  readonly #drift: number;
  #ahead = 0;
  #setAt = 0;
  #boots = 1;
  #bootAt = -3600_000;

  /** `drift`: how much its wall clock gains in each millisecond. */
  constructor(drift: number) {
    this.#drift = drift;
  }

  get bootId(): string {
    return `boot-${this.#boots}`;
  }

  /** Sets its wall clock so much ahead of the truth, milliseconds. */
  setClock(ahead: number, at: number): void {
    this.#ahead = ahead;
    this.#setAt = at;
  }

  boot(at: number): void {
    this.isOn = true;
    this.#boots += 1;
    this.#bootAt = at;
  }

  read(at: number): ClockReading {
    return {
      wall: beginning + at + this.#ahead + (at - this.#setAt) * this.#drift,
      bootId: this.bootId,
      bootTime: at - this.#bootAt,
      hostId: 'h',
    };
  }

  keep(entries: BookEntries, truth: Truth): void {
    if (!this.isFull) this.disk = { entries, truth };
  }

  wipe(): void {
    if (!this.isOn) this.disk = undefined;
  }

  takeSnapshot(): void {
    this.#snapshot = this.disk;
  }

  restoreSnapshot(): void {
    if (!this.isOn && this.#snapshot !== undefined) this.disk = this.#snapshot;
  }
}
