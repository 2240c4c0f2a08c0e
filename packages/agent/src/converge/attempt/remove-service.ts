import { changeUnit, showUnit } from '../../supervise/systemctl.js';
import type { ServiceInForce } from '../state.js';
import { disturbs } from './disturbs.js';
import { drainService } from './drain.js';
import type { AttemptEnvironment } from './environment.js';
import { goOn, Interrupted, Superseded } from './environment.js';
import type { Journal } from './journal.js';
import { undoContext } from './step-context.js';
import { StepFailed } from './step-failed.js';

/** The name under which a removal appears in events and failures. */
const step = 'remove';

/**
 * A service that the manifest no longer names: its process stops, and the units that its unit steps enabled are stopped and disabled.
 * Files, directories and packages stay: others may use them by now, and an operator can still look at them.
 */
export async function removeService(
  service: ServiceInForce,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  goOn(environment);
  const { state, supervisor } = environment;
  try {
    await drainFor(service, journal, environment);
    environment.event(service.name, step, 'started', 'the manifest no longer names this service');
    if (!journal.removing().some(({ name }) => name === service.name)) {
      await journal.append({ kind: 'removing', service });
    }
    environment.changing(service.name);
    if (service.supervised) await supervisor.stop(service.process);
    for (const unit of service.units) await disableUnit(service.name, unit, journal, environment);
    const { [service.name]: _, ...applied } = state.current.applied;
    await state.update({ applied });
    environment.event(service.name, step, 'done', 'stopped; files and packages are left');
  } catch (thrown) {
    if (thrown instanceof Interrupted || thrown instanceof Superseded) throw thrown;
    const error = StepFailed.of(service.name, step, thrown);
    environment.event(service.name, step, 'failed', error.message);
    throw error;
  }
}

/** A service that others run too loses none of its requests when it goes from here. */
async function drainFor(
  service: ServiceInForce,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  const { drain } = service;
  if (drain === undefined) return;
  const future = { ...service, drain: { ...drain, on: 'change' as const } };
  if (!(await disturbs(future, undefined, environment))) return;
  await drainService(service.name, drain, journal, environment);
}

/** Noted like a unit step, so that undoing puts it back. */
async function disableUnit(
  service: string,
  unit: string,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  const { ask, run } = undoContext(service, step, journal, environment);
  const state = await showUnit(ask, unit);
  if (!state.found) return;
  const name = `${step} ${unit}`;
  if (!journal.hasBegun(service, name)) {
    const undo = { unit, enabled: state.file === 'enabled', active: state.active === 'active' };
    await journal.append({ kind: 'begin', service, step: name, type: 'unit', undo });
  }
  if (state.active !== 'inactive') await changeUnit(run, 'stop', unit);
  if (state.file === 'enabled') await changeUnit(run, 'disable', unit);
}
