import type { ProcessSpec } from '../../supervise/supervisor.js';
import type { RenderedDrain, RenderedStep } from '../render/rendered.js';
import { decideAction, wantedOf } from '../service-action.js';
import type { NotifyingFiles } from '../state.js';
import type { AttemptEnvironment } from './environment.js';

/** What is needed to foresee what a change does to a service's process. */
export interface FutureService {
  readonly name: string;
  readonly process: ProcessSpec;
  /** The files that it shall run with. */
  readonly files: NotifyingFiles;
  readonly drain: RenderedDrain;
}

/**
 * Whether a step that is about to be applied (none: the change as a whole), or the process's restart that it leads to, disturbs a service that serves now. A package's own scripts may
 * restart it, so does its unit's step. What doesn't run serves nobody.
 */
export async function disturbs(
  service: FutureService,
  step: RenderedStep | undefined,
  environment: Pick<AttemptEnvironment, 'state' | 'supervisor'>,
): Promise<boolean> {
  const { state, supervisor } = environment;
  const known = state.current.services.find(({ name }) => name === service.name);
  if (known === undefined || !known.supervised) return false;
  const status = await supervisor.status(service.process);
  if (status.state !== 'running') return false;
  if (service.drain.on === 'change' || (step !== undefined && mayRestart(step, service.process))) return true;
  const wanted = wantedOf(service.process, service.files, supervisor.kind);
  const { action } = decideAction(true, state.current.applied[service.name], wanted);
  const reloadRestarts = supervisor.kind === 'process' && service.process.reloadSignal === undefined;
  return action === 'restart' || (action === 'reload' && reloadRestarts);
}

function mayRestart(step: RenderedStep, process: ProcessSpec): boolean {
  if (step.type === 'package') return true;
  return step.type === 'unit' && step.unit === process.unit && step.state !== undefined;
}
