import { type ClockReading, createTrustedClock, type Lease } from '@shoal/common';
import { Backoff } from '../../link/backoff.js';
import { type BookEntries, LeaseBook } from '../lease-book.js';
import { longestWait } from '../lease-contact.js';
import { untilChange } from '../lease-machine.js';
import type { LeaseEffect } from '../lease-states.js';
import type { History } from './history.js';
import type { SimHost } from './host.js';
import { passed, type Truth } from './oracle.js';

/** Connecting, and the answer to it, take so long at most, milliseconds. */
const connectMs = 1000;

/** A simulated agent's process: the real book of the lease, with the timers and the link around it. Times are true time. */
export class SimAgent {
  readonly book: LeaseBook;
  truth: Truth | null;
  /** When it looks at the clock next. */
  tickAt = 0;
  /** When it dials next, or when its lease is renewed next. */
  linkAt = 0;
  isLinked = false;
  readonly #history: History;
  readonly #host: SimHost;
  readonly #backoff: Backoff;
  #keptAt = 0;
  #hasLooked = false;
  #isMember: boolean;

  constructor(history: History, host: SimHost, random: () => number, now: number) {
    this.#history = history;
    this.#host = host;
    this.#backoff = new Backoff({}, random);
    const kept = asRead(host.disk?.entries);
    const clock = createTrustedClock(kept?.clock, host.read(now));
    this.book = new LeaseBook(clock, kept);
    this.truth = host.disk?.truth ?? null;
    this.#isMember = this.book.machine.demands.gossip;
    this.tick(now);
    this.linkAt = now + random() * connectMs;
  }

  tick(now: number): void {
    const reading = this.#host.read(now);
    // What the clock said while no agent looked is nobody's fault.
    const isOver = this.#hasLooked && this.#isOver(reading);
    this.#hasLooked = true;
    if (this.truth !== null) this.truth = passed(this.truth, now, reading.bootId, isOver);
    this.#perform(this.book.tick(reading), now);
    if (now - this.#keptAt >= this.#history.tickMs) this.keep(now);
    this.#schedule(now);
  }

  /** The controller can't be reached, or the link broke: another try comes. */
  lost(now: number): void {
    this.isLinked = false;
    this.linkAt = now + this.#backoff.next(0, longestWait(this.book.machine.state));
  }

  /** Nothing can be reached until somebody says so: the tries until then fail, and the waits between them grow. */
  waits(): void {
    for (let tries = 0; tries < 8; tries += 1) this.#backoff.next();
    this.linkAt = Number.POSITIVE_INFINITY;
  }

  /** The controller was reached, or renews: a lease comes. */
  leased(lease: Lease, now: number): void {
    const reading = this.#host.read(now);
    if (!this.isLinked) this.#backoff.reset();
    this.isLinked = true;
    this.linkAt = now + this.#history.renewMs;
    this.#perform(this.book.take(lease, reading), now);
    const { bootId } = reading;
    this.truth = { grantedAt: now, onMs: 0, overMs: 0, hasAdopted: false, at: now, bootId };
    this.keep(now);
    this.#schedule(now);
  }

  keep(now: number): void {
    this.#keptAt = now;
    this.#host.keep(this.book.entries, this.truth);
  }

  #schedule(now: number): void {
    this.tickAt = now + Math.min(untilChange(this.book.machine, this.book.now), this.#history.tickMs);
  }

  /** By a wall clock that was right when the lease came. */
  #isOver({ wall }: ClockReading): boolean {
    const { held } = this.book.entries;
    return held !== null && wall >= held.endsAt + held.lease.graceMs;
  }

  #perform(effects: readonly LeaseEffect[], now: number): void {
    for (const effect of effects) {
      if (effect.kind === 'say' && effect.text.startsWith('the clock stayed ahead') && this.truth !== null)
        this.truth = { ...this.truth, hasAdopted: true };
      if (effect.kind === 'renew') {
        this.isLinked = false;
        this.linkAt = Math.min(this.linkAt, now + connectMs);
      }
      if (effect.kind !== 'joinGossip' && effect.kind !== 'leaveGossip') continue;
      const joins = effect.kind === 'joinGossip';
      if (joins === this.#isMember) throw new Error(`${effect.kind} of one that did so before`);
      this.#isMember = joins;
    }
  }
}

/** As a file gives it back. */
function asRead(entries: BookEntries | undefined): BookEntries | undefined {
  return entries === undefined ? undefined : (JSON.parse(JSON.stringify(entries)) as BookEntries);
}
