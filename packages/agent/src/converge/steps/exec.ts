import type { RenderedExec } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import type { StepContext, StepHandler } from './handler.js';
import { holds, mustRun } from './handler.js';

export interface ExecUndo {
  readonly command: readonly string[] | null;
  readonly directory?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** A command runs unless its check says that it needn't. Only the program's name is shown: arguments may hold secrets. */
export const execHandler: StepHandler<RenderedExec, ExecUndo> = {
  async check(step, context) {
    if (step.check === undefined) return { holds: false, difference: `runs ${step.command[0]}` };
    const result = await context.ask(step.check, optionsOf(step));
    if (result.timedOut) {
      throw new StepError(
        `the check of ${step.id} took longer than ${step.timeoutMs / 1000} s`,
        result.lines,
      );
    }
    if (result.code === 0) return holds;
    const found = result.missing
      ? `${step.check[0]} isn't installed`
      : `its check exited with ${result.code}`;
    return { holds: false, difference: `runs ${step.command[0]} (${found})` };
  },

  async prepareUndo(step) {
    return { command: step.undo ?? null, ...optionsOf(step) };
  },

  async apply(step: RenderedExec, context: StepContext) {
    await mustRun(context.run, step.command, optionsOf(step));
    return `${step.command[0]} exited with 0`;
  },

  async undo(undo, context) {
    if (undo.command === null) return 'nothing to undo: the step names no command for it';
    await mustRun(context.run, undo.command, undo);
    return `${undo.command[0]} exited with 0`;
  },
};

function optionsOf(step: RenderedExec): Omit<ExecUndo, 'command'> {
  const { environment, timeoutMs, directory } = step;
  return { environment, timeoutMs, ...(directory === undefined ? {} : { directory }) };
}
