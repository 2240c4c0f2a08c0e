import type {
  ClockClaim,
  ClockDoubt,
  ClockEvent,
  ClockReading,
  TrustedClock,
  TrustedClockState,
} from './trusted-clock.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** What the wall clock may gain in a day without being doubted, and the most of it at once, milliseconds. */
const slackMs = 5 * minuteMs;
const slackPerMs = slackMs / (24 * hourMs);
/** What is not worth a word, milliseconds. */
const trifleMs = 1000;
/** How many claims of the wall clock are followed at once. */
const mostClaims = 8;
/** How far from the wall clock an authority's time may be to agree with it, milliseconds. */
const agreementMs = 10 * minuteMs;

/** How long a clock that leapt ahead has to stay there before it is believed, for what lasts `termMs`; milliseconds of running time. */
export function leapHoldMs(termMs: number): number {
  return Math.min(hourMs, termMs / 24);
}

/** By how much the wall clock may be off before that is said, for what lasts `termMs`; milliseconds. */
export function clockToleranceMs(termMs: number): number {
  return Math.min(slackMs, termMs / 24);
}

/**
 * The clock as `stored` (its kept state) left it; from the wall clock's time when that is no such state. The reading is the first tick's base only: call
 * `tick` with it before the time is asked for.
 */
export function createTrustedClock(stored: unknown, reading: ClockReading): TrustedClock {
  const { wall, ...boot } = reading;
  return new HeldClock(parseState(stored) ?? { floor: wall, ...boot, slack: slackMs, leaps: [] });
}

class HeldClock implements TrustedClock {
  #state: TrustedClockState;
  #doubt: ClockDoubt | null = null;

  constructor(state: TrustedClockState) {
    this.#state = state;
  }

  get now(): number {
    return this.#state.floor;
  }

  get state(): TrustedClockState {
    return this.#state;
  }

  get doubt(): ClockDoubt | null {
    return this.#doubt;
  }

  tick(reading: ClockReading, termMs: number): readonly ClockEvent[] {
    const rebooted = reading.bootId !== this.#state.bootId;
    const elapsed = this.#advance(reading);
    const { floor, slack } = this.#state;
    const ahead = reading.wall - floor;
    if (ahead > Math.min(slack, clockToleranceMs(termMs)))
      return this.#leapt(ahead, elapsed, termMs, rebooted);
    const gained = Math.max(0, ahead);
    this.#state = { ...this.#state, floor: floor + gained, slack: slack - gained, leaps: [] };
    return this.#isBehind(-ahead, termMs);
  }

  attest(signedAt: number): void {
    const byMs = signedAt - this.now;
    if (byMs <= 0) return;
    this.#state = { ...this.#state, floor: signedAt, leaps: beyond(this.#state.leaps, byMs) };
  }

  agree(signedAt: number, reading: ClockReading, termMs: number = Number.POSITIVE_INFINITY): number {
    this.#advance(reading);
    const difference = signedAt - this.now;
    const tolerance = Math.min(agreementMs, termMs / 12);
    if (Math.abs(signedAt - reading.wall) <= tolerance) this.#setTo(Math.max(signedAt, reading.wall));
    else this.attest(signedAt);
    return difference;
  }

  restart(signedAt: number, reading: ClockReading): void {
    this.#advance(reading);
    this.#setTo(Math.max(signedAt, Math.min(this.now, reading.wall)));
  }

  #setTo(floor: number): void {
    this.#state = { ...this.#state, floor, slack: slackMs, leaps: [] };
    this.#doubt = null;
  }

  /** Goes on by the host's own time, and returns by how much. */
  #advance({ bootId, bootTime, hostId }: ClockReading): number {
    const { state } = this;
    const elapsed = elapsedSince(state, { bootId, bootTime, hostId });
    const slack = Math.min(slackMs, state.slack + elapsed * slackPerMs);
    this.#state = { ...state, floor: state.floor + elapsed, slack, bootId, bootTime, hostId };
    return elapsed;
  }

  /** Each claim that the wall clock makes is held for itself: a host that is off twice within a hold waits for the second no longer than for the first. */
  #leapt(ahead: number, elapsed: number, termMs: number, rebooted: boolean): readonly ClockEvent[] {
    const events: ClockEvent[] = [];
    const hold = leapHoldMs(termMs);
    const tolerance = clockToleranceMs(termMs);
    let rest = ahead;
    let claims = standing(this.#state.leaps, ahead, elapsed);
    const due = claims.findLast(({ held }) => held >= hold);
    if (due !== undefined) {
      const byMs = due.ahead;
      rest -= byMs;
      claims = beyond(claims, byMs);
      const gained = rest <= tolerance ? rest : 0;
      this.#setTo(this.now + byMs + gained);
      events.push({ kind: 'adopted', byMs: byMs + gained });
      if (rest <= tolerance) return events;
    }
    const excess = rest - (claims.at(-1)?.ahead ?? 0);
    if (excess > (claims.length === 0 ? trifleMs : tolerance) && claims.length < mostClaims) {
      claims.push({ ahead: rest, held: 0 });
      events.push({ kind: 'leapt-ahead', byMs: rest, holdMs: hold, rebooted });
    }
    this.#state = { ...this.#state, leaps: claims };
    const newest = claims.at(-1);
    this.#doubt = newest === undefined ? null : { kind: 'ahead', byMs: rest, holdMs: hold - newest.held };
    return events;
  }

  #isBehind(byMs: number, termMs: number): readonly ClockEvent[] {
    const before = this.#doubt;
    const isFar = byMs > clockToleranceMs(termMs);
    this.#doubt = isFar ? { kind: 'behind', byMs } : null;
    if (isFar) return before?.kind === 'behind' ? [] : [{ kind: 'set-back', byMs }];
    return before === null ? [] : [{ kind: 'set-right' }];
  }
}

/** How much time has gone by at least. Of another boot of this host it is known that it came later, of one of another host nothing. */
function elapsedSince(
  state: TrustedClockState,
  { bootId, bootTime, hostId }: Omit<ClockReading, 'wall'>,
): number {
  // A running host that was restored from a snapshot has gone back in its own time.
  if (bootId === state.bootId) return Math.max(0, bootTime - state.bootTime);
  return hostId !== undefined && hostId === state.hostId ? bootTime : 0;
}

/** What the wall clock goes on claiming of its claims, older and smaller ones first. */
function standing(claims: TrustedClockState['leaps'], ahead: number, elapsed: number): ClockClaim[] {
  const kept: ClockClaim[] = [];
  for (const claim of claims) {
    const claimed = Math.min(claim.ahead, ahead);
    if (claimed > (kept.at(-1)?.ahead ?? 0)) kept.push({ ahead: claimed, held: claim.held + elapsed });
  }
  return kept;
}

/** What is left of claims when the time goes ahead by so much. */
function beyond(claims: TrustedClockState['leaps'], byMs: number): ClockClaim[] {
  return claims
    .filter((claim) => claim.ahead > byMs)
    .map((claim) => ({ ...claim, ahead: claim.ahead - byMs }));
}

function parseState(stored: unknown): TrustedClockState | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { floor, bootId, bootTime, hostId, slack, leaps } = stored as Partial<
    Record<keyof TrustedClockState, unknown>
  >;
  if (!isTime(floor) || typeof bootId !== 'string' || !isTime(bootTime)) return null;
  return {
    floor,
    bootId,
    bootTime,
    hostId: typeof hostId === 'string' ? hostId : undefined,
    slack: isTime(slack) ? Math.min(slack, slackMs) : slackMs,
    leaps: Array.isArray(leaps) && leaps.length <= mostClaims && leaps.every(isClaim) ? leaps : [],
  };
}

function isClaim(claim: unknown): claim is ClockClaim {
  if (typeof claim !== 'object' || claim === null) return false;
  const { ahead, held } = claim as { ahead?: unknown; held?: unknown };
  return isTime(ahead) && isTime(held);
}

/** The last millisecond that a Date can hold is far from where numbers lose precision. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 8.64e15;
}
