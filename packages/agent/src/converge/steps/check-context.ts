import type { Supervisor } from '../../supervise/supervisor.js';
import type { Clock } from '../clock.js';
import type { RunCommand } from '../command.js';
import type { Probe } from '../health.js';
import type { RenderedService } from '../render/rendered.js';
import type { ConvergeState } from '../state.js';
import type { StepContext } from './handler.js';
import type { PathGuard } from './safe-path.js';

/** What steps are checked with, outside of attempts. */
export interface CheckOptions {
  readonly run: RunCommand;
  readonly supervisor: Supervisor;
  readonly probe: Probe;
  readonly clock: Clock;
  /** Nothing more is asked once it aborts. */
  readonly signal: AbortSignal;
  readonly guard: (service: string) => PathGuard;
  readonly state: ConvergeState;
  /** For copies of files whose directory isn't there yet. */
  readonly directory: string;
}

/** A context for checks alone: nothing is shown, nothing is kept. */
export function checkContext(service: RenderedService, options: CheckOptions): StepContext {
  return {
    service,
    ask: options.run,
    run: options.run,
    supervisor: options.supervisor,
    probe: options.probe,
    clock: options.clock,
    signal: options.signal,
    guard: options.guard(service.name),
    output: () => {},
    directory: options.directory,
    applied: options.state.applied[service.name],
    saveApplied: async () => {},
  };
}
