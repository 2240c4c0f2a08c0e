/** Longest wait that Node's timers know, ms (24.8 days): what is longer they end at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** `setTimeout` for any wait, also an endless one: beyond 24.8 days it ends after those. */
export function startTimer(run: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(run, Math.min(ms, LONGEST_MS));
}

/** `setInterval` likewise. */
export function startInterval(run: () => void, ms: number): NodeJS.Timeout {
  return setInterval(run, Math.min(ms, LONGEST_MS));
}
