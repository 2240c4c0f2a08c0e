/** Something that runs until it is stopped. */
export interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Runs a long-running process: starts it, and stops it gracefully on SIGTERM or SIGINT. A signal during the start is kept until the
 * start is over, so that what was started is stopped too; a second signal ends the process at once with code 1.
 *
 * @param reload - reads again what may have changed, at SIGHUP (after the start is over); must not reject. Default: SIGHUP ends the process at once
 * @throws what `start` or `stop` throws
 */
export async function runUntilSignal<T extends Stoppable>(
  start: () => Promise<T>,
  reload?: (running: T) => Promise<void>,
): Promise<void> {
  let asked = false;
  let running: T | undefined;
  let isStale = false;
  // Idle timers and sockets may all be unreferenced; this keeps the process alive.
  const alive = setInterval(() => undefined, 2 ** 30);
  let stop = (): void => undefined;
  const signaled = new Promise<void>((resolve) => {
    stop = () => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  const hangUp = (): void => {
    if (running === undefined) isStale = true;
    else void reload?.(running);
  };
  if (reload !== undefined) process.on('SIGHUP', hangUp);
  try {
    running = await start();
    if (isStale) hangUp();
    await signaled;
    await running.stop();
  } finally {
    clearInterval(alive);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop);
    process.off('SIGHUP', hangUp);
  }
}
