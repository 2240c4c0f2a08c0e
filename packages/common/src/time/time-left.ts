const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A length of time, ms, in its greatest unit, rounded down so that it never promises more than there is: `12 s`, `5 min`, `36 h`, `4 d`. */
export function lengthOfTime(ms: number): string {
  if (ms < minute) return `${Math.max(1, Math.floor(ms / second))} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} d`;
}

/** `23 d left`, `5 h left`, `ended 3 d ago`: until or since `at`, both ms since the epoch. */
export function timeLeft(at: number, now: number): string {
  return at > now ? `${lengthOfTime(at - now)} left` : `ended ${lengthOfTime(now - at)} ago`;
}
