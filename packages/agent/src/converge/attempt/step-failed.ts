import type { Failure } from '../state.js';
import { StepError } from '../step-error.js';

/** A step of a service failed: what the node reports. `health` and `remove` stand for what isn't a step of the manifest. */
export class StepFailed extends Error {
  readonly failure: Omit<Failure, 'undone' | 'untouched' | 'superseded'>;

  constructor(service: string, step: string, cause: unknown) {
    const error = StepError.of(cause);
    super(error.message, { cause });
    this.name = 'StepFailed';
    this.failure = { service, step, message: error.message, output: error.output };
  }

  /** What was thrown within a step, as a StepFailed; interruptions and failures that are named already pass. */
  static of(service: string, step: string, thrown: unknown): StepFailed {
    return thrown instanceof StepFailed ? thrown : new StepFailed(service, step, thrown);
  }
}
