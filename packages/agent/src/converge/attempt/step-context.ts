import { identifyProcess } from '../../supervise/proc-stat.js';
import type { CommandOptions, RunCommand } from '../command.js';
import type { RenderedService } from '../render/rendered.js';
import type { StepContext, UndoContext } from '../steps/handler.js';
import type { AttemptEnvironment } from './environment.js';
import type { Journal } from './journal.js';

/** What one step of an attempt works with. */
export function stepContext(
  service: RenderedService,
  step: string,
  journal: Journal,
  environment: AttemptEnvironment,
): StepContext {
  const { state, supervisor, probe } = environment;
  return {
    ...undoContext(service.name, step, journal, environment),
    service,
    supervisor,
    probe,
    guard: environment.guard(service.name),
    directory: journal.directory,
    applied: state.current.applied[service.name],
    saveApplied: (applied) =>
      state.update({ applied: { ...state.current.applied, [service.name]: applied } }),
  };
}

/** What one undo works with. */
export function undoContext(
  service: string,
  step: string,
  journal: Journal,
  environment: AttemptEnvironment,
): UndoContext {
  const output = (line: string) => environment.event(service, step, 'output', line);
  return {
    ask: environment.run,
    output,
    run: observedRun(output, journal, environment),
    clock: environment.clock,
    signal: environment.ending,
    superseded: environment.superseded,
  };
}

/** Shows each line live, and notes the process, so that a later agent waits for it instead of running the same beside it. */
function observedRun(
  output: (line: string) => void,
  journal: Journal,
  environment: AttemptEnvironment,
): RunCommand {
  return async (command, options) => {
    let noted: Promise<unknown> | undefined;
    const observed: CommandOptions = {
      ...options,
      signal: anyOf(environment.ending, options.signal),
      onLine: output,
      onSpawn: (pid) => {
        const identity = identifyProcess(pid);
        const deadline = environment.clock.now() + options.timeoutMs;
        if (identity !== undefined) {
          noted = journal.append({ kind: 'command', ...identity, deadline }).catch((error: unknown) => error);
        }
      },
    };
    const result = await environment.run(command, observed);
    // A note that can't be written fails the step only now: the command ran anyway.
    const error = await noted;
    if (error !== undefined) throw error;
    return result;
  };
}

function anyOf(ending: AbortSignal, own: AbortSignal | undefined): AbortSignal {
  return own === undefined ? ending : AbortSignal.any([ending, own]);
}
