import { ShoalError } from '@shoal/common';
import { wholeLines } from './whole-lines.js';

/** How many of a command's last lines a failure carries. */
const keptLines = 20;
const keptCharacters = 4000;

/** A step failed: one sentence for people, and the failing command's own last lines. */
export class StepError extends ShoalError {
  /** Empty when no command was involved. */
  readonly output: string;

  constructor(message: string, lines: readonly string[] = [], cause?: unknown) {
    super('step_failed', message, cause === undefined ? {} : { cause });
    this.output = wholeLines(lines.slice(-keptLines), keptCharacters, 'end').text;
  }

  /** Anything thrown, as a StepError with the same message. */
  static of(thrown: unknown): StepError {
    if (thrown instanceof StepError) return thrown;
    const error = ShoalError.from(thrown);
    const problems = error.problems.map((problem) => problem.message);
    return new StepError(error.message, problems.length > 1 ? problems : [], thrown);
  }
}
