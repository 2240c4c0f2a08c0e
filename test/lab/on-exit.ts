const pending = new Set<() => void>();
let installed = false;

/**
 * Has `cleanUp` called once when the process ends, whatever way (end of the program, uncaught error, SIGINT,
 * SIGTERM, SIGHUP). It must be synchronous. Only SIGKILL is missed: the next run sweeps up after that.
 * @returns a function that calls `cleanUp` now, if it wasn't yet.
 */
export function onExit(cleanUp: () => void): () => void {
  if (!installed) install();
  const once = (): void => {
    if (pending.delete(once)) cleanUp();
  };
  pending.add(once);
  return once;
}

function install(): void {
  installed = true;
  process.on('exit', callAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      callAll();
      process.kill(process.pid, signal);
    });
  }
}

function callAll(): void {
  for (const cleanUp of [...pending]) cleanUp();
}
