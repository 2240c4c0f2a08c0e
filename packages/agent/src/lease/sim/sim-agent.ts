import type { ClockReading, Lease } from '@shoal/common';
import { Backoff } from '../../link/backoff.js';
import { type BookEntries, type LeaseBook, openBook } from '../lease-book.js';
import { longestWait } from '../lease-contact.js';
import { untilChange } from '../lease-machine.js';
import type { LeaseEffect } from '../lease-states.js';
import type { History } from './history.js';
import type { SimHost } from './host.js';
import { granted, type Look, looked, noTruth, type Truth } from './truth.js';

/** Connecting, and the answer to it, take so long at most, milliseconds. */
const connectMs = 1000;

/** The book that a simulated agent keeps. */
export type SimBook = Pick<LeaseBook, 'machine' | 'now' | 'entries' | 'tick' | 'take'>;

/** Opens it at the start of the agent, as `openBook` does; another one plants a fault. */
export type OpenBook = (
  kept: BookEntries | undefined,
  reading: ClockReading,
) => { readonly book: SimBook; readonly news: readonly LeaseEffect[] };

/** What a simulated agent lives in. */
export interface SimSurroundings {
  readonly history: History;
  readonly host: SimHost;
  readonly random: () => number;
  readonly open: OpenBook | undefined;
}

/** A simulated agent's process: the real book of the lease, with the timers and the link around it. Times are true time. */
export class SimAgent {
  readonly book: SimBook;
  truth: Truth;
  /** What is wrong with its time; undefined: nothing was so far. */
  wrong: string | undefined;
  /** When it looks at the clock next. */
  tickAt = 0;
  /** When it dials next, or when its lease is renewed next. */
  linkAt = 0;
  isLinked = false;
  readonly #history: History;
  readonly #host: SimHost;
  readonly #backoff: Backoff;
  #keptAt = 0;
  #isMember: boolean;

  constructor({ history, host, random, open = openBook }: SimSurroundings, now: number) {
    this.#history = history;
    this.#host = host;
    this.#backoff = new Backoff({}, random);
    const reading = host.read(now);
    const { book, news } = open(asRead(host.disk?.entries), reading);
    this.book = book;
    this.truth = host.disk?.truth ?? noTruth(now, reading);
    this.#judge(looked(this.truth, this.#look(now, reading, news, false)));
    this.#isMember = this.book.machine.demands.gossip;
    this.#perform(news, now);
    this.keep(now);
    this.#schedule(now);
    this.linkAt = now + random() * connectMs;
  }

  tick(now: number): void {
    const reading = this.#host.read(now);
    const effects = this.book.tick(reading);
    this.#judge(looked(this.truth, this.#look(now, reading, effects, true)));
    this.#perform(effects, now);
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
    const effects = this.book.take(lease, reading);
    this.#judge(granted(this.truth, lease, this.#look(now, reading, effects, true)));
    this.#perform(effects, now);
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

  #look(now: number, reading: ClockReading, effects: readonly LeaseEffect[], isWatched: boolean): Look {
    const hasAdopted = effects.some(
      (effect) => effect.kind === 'say' && effect.text.startsWith('the clock stayed ahead'),
    );
    return { now, reading, trusted: this.book.now, hasAdopted, isWatched };
  }

  #judge({ truth, wrong }: ReturnType<typeof looked>): void {
    this.truth = truth;
    this.wrong ??= wrong;
  }

  #perform(effects: readonly LeaseEffect[], now: number): void {
    for (const effect of effects) {
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
