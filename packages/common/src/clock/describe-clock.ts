import { formatDuration } from '../config/duration.js';
import type { ClockDoubt, ClockEvent } from './trusted-clock.js';

/** An event of the clock as a sentence for a log: `the clock leapt ahead by 9d; it counts after 1h, unless it is set right`. */
export function describeClockEvent(event: ClockEvent): string {
  switch (event.kind) {
    case 'leapt-ahead':
      return event.rebooted
        ? `this host was off, or its clock leapt ahead: by ${rough(event.byMs)}; ${counts(event.holdMs)}`
        : `the clock leapt ahead by ${rough(event.byMs)}; ${counts(event.holdMs)}`;
    case 'adopted':
      return `the clock stayed ahead: time counts from it now, ${rough(event.byMs)} later than before`;
    case 'set-back':
      return `the clock was set back by ${rough(event.byMs)}; time counts on without it`;
    case 'set-right':
      return 'the clock is right again';
  }
}

/** What is doubtful about the clock at the moment, as a warning for a status. */
export function describeClockDoubt(doubt: ClockDoubt): string {
  return doubt.kind === 'ahead'
    ? `the clock is ahead by ${rough(doubt.byMs)}; ${counts(doubt.holdMs)}`
    : `the clock is behind by ${rough(doubt.byMs)}; time counts on without it`;
}

function counts(holdMs: number): string {
  return `it counts after ${rough(holdMs)}, unless it is set right`;
}

/** To the hour for days, to the minute for hours. */
function rough(ms: number): string {
  const unit = ms >= 86_400_000 ? 3_600_000 : ms >= 3_600_000 ? 60_000 : 1000;
  return formatDuration(Math.max(unit, Math.round(ms / unit) * unit));
}
