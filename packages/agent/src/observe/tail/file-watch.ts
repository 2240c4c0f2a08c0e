import { type FSWatcher, watch } from 'node:fs';

/**
 * Waits until something happens to the file, at most `timeoutMs`. Between two waits nothing is watched, so that a busy file costs one
 * event a wait and not one a line. Resolves too when the file can't be watched (missing, out of watches): then after `timeoutMs`.
 * `ready` is called once the watch stands; when it says true, something happened before and the wait ends.
 */
export async function fileEvent(
  path: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
  ready: () => Promise<boolean> = async () => false,
): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    let watcher: FSWatcher | undefined;
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      watcher?.close();
      watcher = undefined;
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    timer.unref();
    signal.addEventListener('abort', done);
    if (path === undefined) return;
    try {
      watcher = watch(path, { persistent: false }, done);
      watcher.on('error', () => watcher?.close());
    } catch {
      return;
    }
    void ready().then(
      (happened) => happened && done(),
      () => done(),
    );
  });
}
