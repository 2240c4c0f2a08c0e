import { formatDuration } from '@shoal/common';
import { type RunCommand, wrapping } from '../command.js';
import { StepError } from '../step-error.js';

/** What can be given up. */
interface Limited {
  readonly ask: RunCommand;
  readonly run: RunCommand;
  readonly signal: AbortSignal;
}

/** How long what was told to end may take for it, in milliseconds: commands get SIGKILL after five seconds. */
const endGraceMs = 10_000;

/**
 * Acts within a step's time: then commands are ended, `signal` aborts, and a StepError says so. What doesn't heed that is left
 * behind ten seconds later. No `timeoutMs`: no limit.
 */
export async function withinTime<C extends Limited, T>(
  timeoutMs: number | undefined,
  context: C,
  act: (context: C) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return act(context);
  const limit = new AbortController();
  const signal = AbortSignal.any([context.signal, limit.signal]);
  const ended = (run: RunCommand): RunCommand => {
    return wrapping(run, (command, options) => {
      const signals = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
      // Whoever finds the command after a crash waits no longer for it than this step would have.
      return run(command, { ...options, signal: signals, timeoutMs: Math.min(options.timeoutMs, timeoutMs) });
    });
  };
  let grace: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tooLong = (output = '') =>
    new StepError(`it took longer than ${formatDuration(timeoutMs)}, the step's timeout`, output.split('\n'));
  const leftBehind = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      limit.abort();
      grace = setTimeout(() => reject(tooLong()), endGraceMs);
    }, timeoutMs);
  });
  try {
    const result = await Promise.race([
      act({ ...context, signal, ask: ended(context.ask), run: ended(context.run) }),
      leftBehind,
    ]);
    // What was ended may look like an answer.
    if (limit.signal.aborted) throw tooLong();
    return result;
  } catch (thrown) {
    if (!limit.signal.aborted) throw thrown;
    throw tooLong(StepError.of(thrown).output);
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
  }
}
