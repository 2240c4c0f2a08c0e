/** Processor time of this process so far, ms: unlike the clock, it doesn't count what other processes took. */
export function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
