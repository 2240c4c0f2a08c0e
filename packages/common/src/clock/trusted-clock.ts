/** What a host's clocks say at one moment. */
export interface ClockReading {
  /** The wall clock, milliseconds since the epoch: anybody with the right may set it. */
  readonly wall: number;
  /** Names this boot of the host (/proc/sys/kernel/random/boot_id). */
  readonly bootId: string;
  /** Milliseconds since that boot, time in suspend included (CLOCK_BOOTTIME): nobody can set it. */
  readonly bootTime: number;
  /** Tells this host from another to which the state may be brought. Undefined: not known. */
  readonly hostId?: string | undefined;
}

/** What is kept of the clock on disk; JSON. */
export interface TrustedClockState {
  /** A lower bound of the true time when it was kept, milliseconds since the epoch. */
  readonly floor: number;
  /** Boot, and time in it, at which `floor` was so: within one boot the floor goes on from there, whether a process runs or not. */
  readonly bootId: string;
  readonly bootTime: number;
  /** The host of that boot: in a later one of it, time since boot went by after that at least. */
  readonly hostId?: string | undefined;
  /** How much the wall clock may still gain without being doubted, milliseconds. */
  readonly slack: number;
  /** What the wall clock claims, growing, and is not believed yet. */
  readonly leaps: readonly ClockClaim[];
}

/** The wall clock has been `ahead` of the trusted time at least, through all of `held` running time; milliseconds. */
export interface ClockClaim {
  readonly ahead: number;
  readonly held: number;
}

/** Something to say about the clock, once. Lengths are milliseconds. */
export type ClockEvent =
  /** The wall clock is ahead by more than drift explains. Time counts on without it for `holdMs` more, unless it is set right. `rebooted`: the host was off since, which explains it. */
  | {
      readonly kind: 'leapt-ahead';
      readonly byMs: number;
      readonly holdMs: number;
      readonly rebooted: boolean;
    }
  /** It stayed ahead for all of the hold: time counts from the wall clock now. */
  | { readonly kind: 'adopted'; readonly byMs: number }
  /** The wall clock is behind; time counts on without it. */
  | { readonly kind: 'set-back'; readonly byMs: number }
  /** The wall clock and the trusted time are the same again. */
  | { readonly kind: 'set-right' };

/** What is doubtful about the wall clock at the moment: ahead (and adopted after `holdMs` more) or behind, by `byMs`. */
export type ClockDoubt =
  | { readonly kind: 'ahead'; readonly byMs: number; readonly holdMs: number }
  | { readonly kind: 'behind'; readonly byMs: number };

/**
 * Time that setting the host's clock doesn't turn back. It never runs slower than the host, whatever the wall clock says, and follows a wall clock that leaps ahead
 * only when that has stayed so for a while (`leapHoldMs`), and not without saying so. A file that keeps `state` carries it over restarts and reboots.
 *
 * Pure: readings come from outside. Call `tick` each minute or so, and before each decision.
 */
export interface TrustedClock {
  /** Trusted time at the last reading, milliseconds since the epoch. */
  readonly now: number;
  /** To be kept on disk, from time to time: what is lost of it matters after a reboot only. */
  readonly state: TrustedClockState;
  readonly doubt: ClockDoubt | null;
  /** Takes a reading. `termMs`: the length of what time is counted for (a lease's or a license's term), which says what counts as a leap. */
  tick(reading: ClockReading, termMs: number): readonly ClockEvent[];
  /** An authority signed something at this time, so it has been: raises the time when it is behind. For documents of any age, whose word is believed. */
  attest(signedAt: number): void;
  /**
   * An authority that is in contact says that it is `signedAt` now. When the wall clock agrees (within 10 minutes, or a twelfth of `termMs` when that is less), that is the time, also when the trusted time was
   * ahead; else it raises the time at most. Returns by how much the trusted time before differed: above 0, the authority is ahead.
   */
  agree(signedAt: number, reading: ClockReading, termMs?: number): number;
  /**
   * Lets go of a time that was wrongly adopted: the time becomes that of the wall clock, at least `signedAt`, when it is ahead of both. Only for a document that an operator
   * brings and that was never seen before (a new license), since it makes what came before count anew.
   */
  restart(signedAt: number, reading: ClockReading): void;
}
