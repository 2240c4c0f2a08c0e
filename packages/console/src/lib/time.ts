import { lengthOfTime } from '@shoal/common/time-left';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `12 s ago`, `5 min ago`, `in 3 h`, `just now`: how far `at` is from `now`, both ms since the epoch. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 5 * second) return 'just now';
  return at <= now ? `${duration(distance)} ago` : `in ${lengthOfTime(distance)}`;
}

/** `for 44 s`, `for a moment`: how long something has lasted at `now` that began at `since`, both ms since the epoch. */
export function lasting(since: number, now: number): string {
  return now - since < 5 * second ? 'for a moment' : `for ${duration(now - since)}`;
}

/** A length of time in its greatest unit: `12 s`, `5 min`, `3 h`, `4 d`. */
export function duration(ms: number): string {
  if (ms < minute) return `${Math.round(ms / second)} s`;
  if (ms < hour) return `${Math.round(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.round(ms / hour)} h`;
  return `${Math.round(ms / day)} d`;
}

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** Date, time and zone, in the reader's own way. */
export function absoluteTime(at: number): string {
  return absolute.format(at);
}

/** `14:03`, with its date when that isn't today's: `Nov 20, 14:03`. Both ms since the epoch. */
export function hourAndMinute(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  const time = new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (isToday) return time;
  return `${new Date(at).toLocaleDateString('en-US', { month: 'short', day: 'numeric' })}, ${time}`;
}

/** `14:03:22.118` in the reader's zone. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}
