/** Something that runs until it is stopped. */
export interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Runs a long-running process: starts it, and stops it gracefully on SIGTERM or SIGINT. A signal during the start is kept until the
 * start is over, so that what was started is stopped too; a second signal ends the process at once with code 1.
 *
 * @throws what `start` or `stop` throws
 */
export async function runUntilSignal(start: () => Promise<Stoppable>): Promise<void> {
  let asked = false;
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
  try {
    const running = await start();
    await signaled;
    await running.stop();
  } finally {
    clearInterval(alive);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop);
  }
}
