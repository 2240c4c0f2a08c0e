import type { Supervisor } from '../../supervise/supervisor.js';
import { decideAction, wantedOf } from '../service-action.js';
import type { Applied, Failure, ServiceInForce } from '../state.js';
import { StepError } from '../step-error.js';
import { undoStep } from '../steps/run-step.js';
import type { ServiceUndo } from '../steps/service.js';
import { disturbs } from './disturbs.js';
import { drainService, undrainService } from './drain.js';
import type { AttemptEnvironment } from './environment.js';
import { Interrupted } from './environment.js';
import { passGate } from './gate.js';
import type { BegunStep, Journal } from './journal.js';
import { undoContext } from './step-context.js';

/**
 * Takes back what an attempt did: services that go back by a restart are drained, processes of services that are new stop, steps are undone in reverse
 * order, then the processes of services in force run with their old files again and, once healthy, take requests again. What fails doesn't stop the rest. Resolves with the failure to
 * report; each part is safe to do again after an interruption.
 */
export async function undoAttempt(
  journal: Journal,
  failure: Failure,
  environment: AttemptEnvironment,
): Promise<Failure> {
  environment.phase('undoing');
  const problems: string[] = [];
  const attempt = async (service: string, step: string, act: () => Promise<string>, quiet = false) => {
    try {
      const text = await act();
      if (!quiet) environment.event(service, step, 'undone', text);
    } catch (thrown) {
      const { message, output } = StepError.of(thrown);
      problems.push(`${service}/${step}: ${message}`);
      environment.event(service, step, 'failed', `undo: ${message}${output === '' ? '' : `\n${output}`}`);
    }
  };
  if (journal.failure() === undefined) {
    await attempt(failure.service, failure.step, () => noteUndoing(journal, failure), true);
  }
  for (const service of touchedInForce(journal, environment)) {
    await attempt(service.name, 'drain', () => drainAgain(service, journal, environment), true);
  }
  for (const begun of serviceSteps(journal)) {
    await attempt(begun.service, begun.step, () => stopIfNew(begun, environment), true);
  }
  for (const begun of journal.begun().toReversed()) {
    if (begun.type === 'service' || journal.wasUndone(begun)) continue;
    await attempt(begun.service, begun.step, () => undoBegun(begun, journal, environment));
  }
  for (const service of touchedInForce(journal, environment)) {
    await attempt(service.name, 'service', () => restoreProcess(service, journal, environment));
    await attempt(service.name, 'drain', () => takeRequestsAgain(service, journal, environment), true);
  }
  for (const service of journal.draining()) await undrainService(service, journal, environment);
  if (problems.length === 0) return { ...failure, undone: true };
  return { ...failure, undone: false, message: `${failure.message}; not undone: ${problems.join('; ')}` };
}

async function noteUndoing(journal: Journal, failure: Failure): Promise<string> {
  await journal.append({ kind: 'undoing', failure });
  return '';
}

function serviceSteps(journal: Journal): readonly BegunStep[] {
  return journal.begun().filter((begun) => begun.type === 'service');
}

/** A process that nothing in force asks for is stopped before its files go. */
async function stopIfNew(begun: BegunStep, { state, supervisor }: AttemptEnvironment): Promise<string> {
  const { process } = begun.undo as ServiceUndo;
  const old = state.current.services.find((service) => service.name === begun.service);
  const sameUnit = supervisor.kind === 'process' || old?.process.unit === process.unit;
  if (old?.supervised && sameUnit) return '';
  await supervisor.stop(process);
  const { [begun.service]: _, ...applied } = state.current.applied;
  await state.remember({ applied });
  return 'stopped';
}

async function undoBegun(
  begun: BegunStep,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<string> {
  const context = undoContext(begun.service, begun.step, journal, environment);
  const text = await undoStep(begun, context);
  // Without the note a later agent does it again, which is safe; a full disk must not keep the rest from being undone.
  const { service, step } = begun;
  await journal.append({ kind: 'undone', service, step }).catch(() => {});
  return text;
}

/** Services in force that the attempt changed something of, or removed. */
function touchedInForce(journal: Journal, { state }: AttemptEnvironment): readonly ServiceInForce[] {
  const removed = new Set(journal.removing().map((service) => service.name));
  return state.current.services.filter(
    ({ name, supervised }) => supervised && (removed.has(name) || journal.hasBegun(name)),
  );
}

/** The service was put back among the others when it had become healthy, and turned out worse: it is taken out again before it is disturbed. */
async function drainAgain(
  service: ServiceInForce,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<string> {
  const { drain } = service;
  if (drain === undefined || journal.draining().includes(service.name)) return '';
  if (await disturbs({ ...service, drain }, undefined, environment)) {
    await uninterrupted(() => drainService(service.name, drain, journal, environment));
  }
  return '';
}

/** An agent that stops finishes its undoing if it can, without the waits. */
async function uninterrupted(wait: () => Promise<unknown>): Promise<void> {
  try {
    await wait();
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) throw thrown;
  }
}

/** Load balancers send again once the old process is healthy; one that isn't is their own health checks' matter. */
async function takeRequestsAgain(
  service: ServiceInForce,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<string> {
  if (!journal.draining().includes(service.name)) return '';
  try {
    await uninterrupted(() => passGate(service, environment));
  } catch (thrown) {
    environment.event(
      service.name,
      'health',
      'output',
      `with the old files: ${StepError.of(thrown).message}`,
    );
  }
  await undrainService(service.name, journal, environment);
  return '';
}

async function restoreProcess(
  service: ServiceInForce,
  journal: Journal,
  { state, supervisor }: AttemptEnvironment,
): Promise<string> {
  const removed = journal.removing().some(({ name }) => name === service.name);
  const asked = serviceSteps(journal).some((begun) => begun.service === service.name);
  const running = (await supervisor.status(service.process)).state === 'running';
  // Its own step was never reached: a process that runs wasn't touched, whatever is known of the files that it runs with.
  if (running && !asked && !removed) return 'the process never left the old files';
  const wanted = wantedOf(service.process, service.files, supervisor.kind);
  const text = await bringTo(service, wanted, state.current.applied[service.name], supervisor);
  await state.remember({ applied: { ...state.current.applied, [service.name]: wanted } });
  return text;
}

async function bringTo(
  service: ServiceInForce,
  wanted: Applied,
  applied: Applied | undefined,
  supervisor: Supervisor,
): Promise<string> {
  const status = await supervisor.status(service.process);
  const { action } = decideAction(status.state === 'running', applied, wanted);
  if (action === 'none') return 'the process never left the old files';
  await supervisor[action](service.process);
  return `${action}: the process runs with the old files`;
}
