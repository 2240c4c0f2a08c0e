import {
  type ClockReading,
  type Lease,
  type LeaseState,
  type Logger,
  readClock,
  type SignedDocument__Output,
} from '@shoal/common';
import { type LeaseBook, openBook } from './lease-book.js';
import { LeaseFile } from './lease-file.js';
import { untilChange } from './lease-machine.js';
import type { LeaseDemands, LeaseEffect, LeaseWords } from './lease-states.js';
import { type LeaseTrust, verifyLease } from './verify-lease.js';

/** Something that the lease wants done, besides what it says. */
export type LeaseDeed = Exclude<LeaseEffect, { readonly kind: 'say' }>;

/** What the keeper needs. */
export interface LeaseKeeperOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  /** What the host's clocks say. Default: this host's. */
  readonly read?: () => ClockReading;
  perform(deed: LeaseDeed): void;
  /** The state, or what is told of it, changed; after what it wants done was. */
  changed(): void;
}

/** How the lease stands, for people. Times are milliseconds since the epoch. */
export interface LeaseStanding {
  readonly state: LeaseState;
  /** What is in force here. */
  readonly tier: string;
  readonly limits: Readonly<Record<string, number>>;
  /** End of the term as this node counts it; null: there is no lease. */
  readonly expiresAt: number | null;
  /** Until then what the lease grants goes on. */
  readonly graceEndsAt: number | null;
  readonly licenseId: string | null;
  readonly licenseExpiresAt: number | null;
  readonly serial: number | null;
  /** The time that leases are counted by, at the last `tick`; and how far this host's clock was ahead of it, milliseconds. */
  readonly trustedTime: number;
  readonly clockAheadMs: number;
  /** In sentences: the state, the last refused lease, what is doubtful of the clocks. */
  readonly detail: string;
  /** Those of these sentences that somebody should look after; empty: all is well. */
  readonly warnings: readonly string[];
}

/** Longest time between two looks at the clock, and between two records of it on disk, milliseconds. */
export const tickMs: number = 60_000;

/** Keeps the node's lease over restarts, follows it through its states as time goes on, and has done what it asks for. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #file: LeaseFile;
  readonly #read: () => ClockReading;
  /** The wall clock at the last look. */
  #wall = 0;
  #book: LeaseBook;
  #document: SignedDocument__Output | undefined;
  #timer: NodeJS.Timeout | undefined;
  #recordedAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#file = new LeaseFile(options.dataDir, options.logger);
    this.#read = () => {
      const reading = (options.read ?? readClock)();
      this.#wall = reading.wall;
      return reading;
    };
    this.#book = openBook(undefined, this.#read()).book;
  }

  /** Reads what was kept. `trust`: whose leases count; without it (standalone) there is none. Nothing is performed: `demands` says what counts. */
  async start(trust: LeaseTrust | undefined): Promise<void> {
    const kept = await this.#file.read(trust);
    this.#document = kept?.document;
    const { book, news } = openBook(kept?.entries, this.#read());
    this.#book = book;
    for (const words of news) this.#say(words);
    this.#wait();
    void this.#record();
    const { state, warnings, detail } = this.standing;
    const { logger } = this.#options;
    if (warnings.length > 0) logger.warn({ state }, detail);
    else if (state !== 'active') logger.info({ state }, detail);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    // What it asks for is found again at the next start.
    this.#book.tick(this.#read());
    await this.#record();
  }

  /**
   * Takes a lease from the controller: it counts when this returns, and is on disk when what it returns resolves. Throws `permission_denied` for one of another key, cluster
   * or node, and for one that isn't newer than the last; `invalid_input` for one that isn't understood.
   */
  accept(document: SignedDocument__Output, trust: LeaseTrust): Promise<void> {
    let effects: readonly LeaseEffect[];
    try {
      effects = this.#book.take(verifyLease(document, trust), this.#read());
    } finally {
      this.#options.changed();
    }
    this.#document = document;
    this.#follow(effects);
    return this.#record();
  }

  /** Forgets the lease: the node left its cluster. */
  async forget(): Promise<void> {
    this.#document = undefined;
    this.#follow(this.#book.forget());
    await this.#record();
  }

  /** Looks at the clock, as it does by itself in time. */
  tick(): void {
    if (this.#stopped) return;
    const before = this.state;
    this.#follow(this.#book.tick(this.#read()));
    const isOld = this.#book.now - this.#recordedAt >= tickMs || this.#book.now < this.#recordedAt;
    if (before !== this.state || isOld) void this.#record();
  }

  /** What the lease asks for now. */
  get demands(): LeaseDemands {
    return this.#book.machine.demands;
  }

  get state(): LeaseState {
    return this.#book.machine.state;
  }

  /** The lease, whatever its state. */
  get lease(): Lease | undefined {
    return this.#book.lease;
  }

  /** Serial of the last lease of that cluster that was taken, also when it is forgotten; 0: none yet. */
  lastSerial(clusterId: string): number {
    return this.#book.lastSerial(clusterId);
  }

  /** How it stands, for people. */
  get standing(): LeaseStanding {
    const { machine, now } = this.#book;
    const { lease, state, demands } = machine;
    return {
      state,
      ...demands.grant,
      expiresAt: lease?.endsAt ?? null,
      graceEndsAt: lease === null ? null : lease.endsAt + lease.graceMs,
      licenseId: lease?.licenseId ?? null,
      licenseExpiresAt: lease?.licenseExpiresAt ?? null,
      serial: lease?.serial ?? null,
      trustedTime: now,
      clockAheadMs: this.#wall - now,
      detail: this.#book.describe(),
      warnings: this.#book.warnings(),
    };
  }

  #follow(effects: readonly LeaseEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'say') this.#say(effect);
      else this.#options.perform(effect);
    }
    if (effects.length > 0) this.#options.changed();
    this.#wait();
  }

  #say({ level, text }: LeaseWords): void {
    this.#options.logger[level]({ state: this.state }, text);
  }

  /** Looks again in time. */
  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const wait = Math.min(untilChange(this.#book.machine, this.#book.now), tickMs);
    // A timer may come a moment early by the other clock.
    this.#timer = setTimeout(() => this.tick(), Math.max(Math.ceil(wait), 20));
    this.#timer.unref();
  }

  async #record(): Promise<void> {
    this.#recordedAt = this.#book.now;
    await this.#file.write(this.#book.entries, this.#document);
  }
}
