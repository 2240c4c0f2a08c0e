import {
  type ClockEvent,
  type ClockReading,
  createTrustedClock,
  describeClockDoubt,
  describeClockEvent,
  formatDuration,
  type Lease,
  longestLeaseMs,
  ShoalError,
  type TrustedClock,
  type TrustedClockState,
} from '@shoal/common';
import { followClock, type HeldTerm } from './held-term.js';
import { describeLease } from './lease-effects.js';
import { startMachine, stepLease } from './lease-machine.js';
import type { HeldLease, LeaseEffect, LeaseMachine, LeaseWords } from './lease-states.js';

/** What the book holds, to be kept over restarts. Times are trusted time, milliseconds since the epoch. */
export interface BookEntries {
  /** The lease, and its term as this node counts it; null: none. */
  readonly held: HeldTerm | null;
  /** The cluster of the last lease, also when that is forgotten, and its serial; '' and 0: there was none yet. */
  readonly clusterId: string;
  readonly serial: number;
  readonly clock: TrustedClockState;
}

/** Differences between the controller's time and this node's that are nobody's fault, milliseconds; of shorter terms less. */
const agreedWithinMs = 10 * 60_000;
/** What tells a leap of the clock apart while there is no lease whose term would, milliseconds. */
const usualTermMs = 7 * 24 * 3600_000;

/**
 * The node's lease, its state and the time that it is counted by. It has no file, timer or clock of its own: whoever keeps it tells what the host's clocks say, and performs
 * the effects that come back.
 */
export class LeaseBook {
  readonly #clock: TrustedClock;
  #held: BookEntries['held'];
  #clusterId: string;
  #serial: number;
  #machine: LeaseMachine;
  #refusal = '';
  /** By how much the controller's time was ahead of this host's clock when the last lease came; 0: they agreed. */
  #differs = 0;

  /** `clock`: restored from the entries, if there are any, and told the time of the start. */
  constructor(clock: TrustedClock, entries?: Pick<BookEntries, 'held' | 'clusterId' | 'serial'>) {
    this.#clock = clock;
    this.#held = entries?.held ?? null;
    this.#clusterId = entries?.clusterId ?? '';
    this.#serial = entries?.serial ?? 0;
    this.#machine = startMachine(heldLease(this.#held), clock.now, this.#claimed);
  }

  /** What is true now. */
  get machine(): LeaseMachine {
    return this.#machine;
  }

  get lease(): Lease | undefined {
    return this.#held?.lease;
  }

  /** Trusted time of the last reading, milliseconds since the epoch. */
  get now(): number {
    return this.#clock.now;
  }

  get entries(): BookEntries {
    return {
      held: this.#held,
      clusterId: this.#clusterId,
      serial: this.#serial,
      clock: this.#clock.state,
    };
  }

  /** Serial of the last lease of that cluster; 0: none, or another cluster's came since. */
  lastSerial(clusterId: string): number {
    return clusterId === this.#clusterId ? this.#serial : 0;
  }

  /** Time went on. Call it each minute, and at the moment that `untilChange` tells. */
  tick(reading: ClockReading): readonly LeaseEffect[] {
    const news = this.#lookAt(reading);
    return [...news, ...this.#step({ kind: 'tick' })];
  }

  /**
   * Takes a lease whose signature holds, from the controller, as it comes. Throws `permission_denied` for one that isn't newer than the last, and
   * `invalid_input` for a term that can't be.
   */
  take(lease: Lease, reading: ClockReading): readonly LeaseEffect[] {
    const news = this.#lookAt(reading);
    try {
      this.#check(lease);
    } catch (thrown) {
      this.#refusal = ShoalError.from(thrown).message;
      throw thrown;
    }
    this.#refusal = '';
    const termMs = Math.min(lease.expiresAt - lease.issuedAt, longestLeaseMs);
    const agreed = Math.min(agreedWithinMs, termMs / 12);
    const didAgree = this.#differs === 0;
    const apart = lease.issuedAt - reading.wall;
    this.#differs = Math.abs(apart) > agreed ? apart : 0;
    this.#clock.agree(lease.issuedAt, reading, termMs);
    const told = didAgree && this.#differs !== 0 ? [differs(this.#differs)] : [];
    // From its reception, whatever the clocks of the two say: it comes as soon as it is granted.
    const startsAt = this.#clock.now;
    this.#clusterId = lease.clusterId;
    this.#serial = lease.serial;
    const aheadMs = Math.max(0, reading.wall - startsAt);
    this.#held = { lease, startsAt, endsAt: startsAt + termMs, aheadMs };
    const taken = heldLease(this.#held);
    return [...news, ...told, ...(taken === null ? [] : this.#step({ kind: 'lease', lease: taken }))];
  }

  /** The node left its cluster: its lease is nothing any more. The time stays, and `serial` for when it comes back to the same one. */
  forget(): readonly LeaseEffect[] {
    this.#held = null;
    this.#refusal = '';
    return this.#step({ kind: 'forget' });
  }

  /** How it stands, in sentences for people. */
  describe(): string {
    return [describeLease(this.#machine, this.#clock.now), ...this.#doubts()].join('; ');
  }

  /** What of it somebody should look after, in sentences for people. A node that has no lease yet, or is in no cluster, misses none. */
  warnings(): string[] {
    const { state, lease } = this.#machine;
    const isFine = lease === null || state === 'active' || state === 'restored';
    return [...(isFine ? [] : [describeLease(this.#machine, this.#clock.now)]), ...this.#doubts()];
  }

  #doubts(): string[] {
    const sentences: string[] = [];
    if (this.#refusal !== '') sentences.push(`the last lease that came was refused: ${this.#refusal}`);
    if (this.#differs !== 0) sentences.push(differs(this.#differs).text);
    const { doubt } = this.#clock;
    if (doubt !== null) sentences.push(describeClockDoubt(doubt));
    return sentences;
  }

  /** The wall clock's time while it is ahead, more than when the lease came, and not believed yet; else the trusted one. */
  get #claimed(): number {
    const { now, doubt } = this.#clock;
    return doubt?.kind === 'ahead' ? now + Math.max(0, doubt.byMs - (this.#held?.aheadMs ?? 0)) : now;
  }

  get #termMs(): number {
    return termOf(this.#held);
  }

  #lookAt(reading: ClockReading): LeaseWords[] {
    const events = this.#clock.tick(reading, this.#termMs);
    if (this.#held !== null) this.#held = followClock(this.#held, events, reading.wall - this.#clock.now);
    this.#machine = { ...this.#machine, lease: heldLease(this.#held) };
    return clockNews(events);
  }

  #check({ clusterId, serial, issuedAt, expiresAt, graceMs }: Lease): void {
    if (
      !Number.isSafeInteger(serial) ||
      ![issuedAt, expiresAt, graceMs].every(Number.isFinite) ||
      graceMs < 0
    )
      throw new ShoalError('invalid_input', 'a lease without serial, or with times that are none');
    const last = this.lastSerial(clusterId);
    if (serial <= last) {
      const message = `lease ${serial} is no newer than lease ${last}, which this node had`;
      throw new ShoalError('permission_denied', message);
    }
    if (expiresAt <= issuedAt) throw new ShoalError('invalid_input', `lease ${serial} ends before it begins`);
  }

  #step(input: Parameters<typeof stepLease>[1]): readonly LeaseEffect[] {
    const { machine, effects } = stepLease(this.#machine, input, this.#clock.now, this.#claimed);
    this.#machine = machine;
    return effects;
  }
}

/** The book as it was kept, at the time of this reading, and what the clock has to say. That is all that comes of a start: the agent begins as the state demands. `clock`: for simulations. */
export function openBook(
  kept: BookEntries | undefined,
  reading: ClockReading,
  clock: TrustedClock = createTrustedClock(kept?.clock, reading),
): { readonly book: LeaseBook; readonly news: readonly LeaseWords[] } {
  const held = kept?.held ?? null;
  const events = clock.tick(reading, termOf(held));
  const followed = held === null ? null : followClock(held, events, reading.wall - clock.now);
  const entries = kept === undefined ? kept : { ...kept, held: followed };
  return { book: new LeaseBook(clock, entries), news: clockNews(events) };
}

function termOf(held: BookEntries['held']): number {
  return held === null ? usualTermMs : held.endsAt - held.startsAt;
}

function heldLease(held: BookEntries['held']): HeldLease | null {
  if (held === null) return null;
  const { serial, tier, limits, licenseId, licenseExpiresAt, graceMs } = held.lease;
  const { startsAt, endsAt } = held;
  // A grace isn't honored for longer than a term.
  const grace = Math.min(graceMs, longestLeaseMs);
  return { serial, tier, limits, startsAt, endsAt, graceMs: grace, licenseId, licenseExpiresAt };
}

function clockNews(events: readonly ClockEvent[]): LeaseWords[] {
  return events.map((event) => ({
    kind: 'say',
    level: event.kind === 'set-right' ? 'info' : 'warn',
    text: describeClockEvent(event),
  }));
}

function differs(byMs: number): { kind: 'say'; level: 'warn'; text: string } {
  const side = byMs > 0 ? 'ahead of' : 'behind';
  const text = `the controller's time is ${formatDuration(Math.round(Math.abs(byMs) / 1000) * 1000)} ${side} this host's clock: leases count from when they come, and one of the two is to be set right`;
  return { kind: 'say', level: 'warn', text };
}
