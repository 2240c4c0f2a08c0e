import type { ClockReading, Lease } from '@shoal/common';
import { Backoff } from '../../link/backoff.js';
import { type BookEntries, type LeaseBook, openBook } from '../lease-book.js';
import { longestWait } from '../lease-contact.js';
import { untilChange } from '../lease-machine.js';
import type { LeaseEffect } from '../lease-states.js';
import type { History } from './history.js';
import type { Disk, SimHost } from './host.js';
import { granted, type Look, left, looked, noTruth, type Truth } from './truth.js';

/** Connecting, and the answer to it, take so long at most, milliseconds. */
const connectMs = 1000;
/** Within this a lease comes on a standing link once there is one, milliseconds. */
const grantMs = 5000;

/** The book that a simulated agent keeps. */
export type SimBook = Pick<LeaseBook, 'machine' | 'now' | 'entries' | 'tick' | 'take' | 'forget'>;

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
  /** The cluster that the node belongs to; null: none. */
  readonly cluster: string | null;
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
  readonly #random: () => number;
  #keptAt = 0;
  #isMember: boolean;

  constructor({ history, host, random, cluster, open = openBook }: SimSurroundings, now: number) {
    this.#history = history;
    this.#host = host;
    this.#random = random;
    this.#backoff = new Backoff({}, random);
    const reading = host.read(now);
    const { entries, truth } = found(host, cluster);
    const { book, news } = open(entries, reading);
    this.book = book;
    this.truth = truth ?? noTruth(now, reading);
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

  /** A link stands, and no lease comes by it until somebody says so. */
  linked(): void {
    this.#backoff.reset();
    this.isLinked = true;
    this.linkAt = Number.POSITIVE_INFINITY;
  }

  /** There are leases again, or others: the controller looks every few seconds who needs one. */
  renews(now: number): void {
    if (this.isLinked) this.linkAt = Math.min(this.linkAt, now + this.#random() * grantMs);
  }

  /** The node left its cluster. */
  leaves(now: number): void {
    const effects = this.book.forget();
    this.truth = left(this.truth);
    this.isLinked = false;
    this.linkAt = Number.POSITIVE_INFINITY;
    this.#perform(effects, now);
    this.keep(now);
    this.#schedule(now);
  }

  /** The controller was reached, or renews: a lease comes. */
  leased(lease: Lease, now: number): void {
    const reading = this.#host.read(now);
    if (!this.isLinked) this.#backoff.reset();
    this.isLinked = true;
    this.linkAt = now + Math.min(3600_000, (lease.expiresAt - lease.issuedAt) / 3);
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
    const { tickMs, lateMs } = this.#history;
    const change = untilChange(this.book.machine, this.book.now);
    this.tickAt = now + Math.min(change, tickMs - lateMs) + this.#random() * lateMs;
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

/** What counts of the disk: as files give it back, and no lease of another cluster. */
function found({ disk }: SimHost, cluster: string | null): Partial<Disk> {
  if (disk === undefined) return {};
  const entries = JSON.parse(JSON.stringify(disk.entries)) as BookEntries;
  if (entries.held === null || entries.held.lease.clusterId === cluster)
    return { entries, truth: disk.truth };
  return { entries: { ...entries, held: null }, truth: left(disk.truth) };
}
