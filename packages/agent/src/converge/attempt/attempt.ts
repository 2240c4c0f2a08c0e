import type { RenderedService, RenderedStep } from '../render/rendered.js';
import { notifyingFiles } from '../service-action.js';
import type { ConvergeState, ServiceInForce } from '../state.js';
import { StepError } from '../step-error.js';
import { applyStep, checkStep, prepareStep } from '../steps/run-step.js';
import { askedOf, forgetIfDrifted, isInForce } from './asked-steps.js';
import type { AttemptEnvironment } from './environment.js';
import { goOn, Interrupted, Superseded } from './environment.js';
import { passGate } from './gate.js';
import type { HeldRendering } from './held-rendering.js';
import type { Journal } from './journal.js';
import { Judgments } from './judgments.js';
import { gateStep } from './observe.js';
import type { Rendering } from './perform.js';
import { preflight } from './preflight.js';
import { removeService } from './remove-service.js';
import { ServiceChange } from './service-change.js';
import { stepContext } from './step-context.js';
import { StepFailed } from './step-failed.js';

/**
 * Brings the host to what the rendered services say: preflight of all, then service by service its steps and its gate. Throws
 * StepFailed or Superseded (the caller undoes) or Interrupted (the next agent goes on). Safe to run again over a journal that was begun.
 */
export async function runAttempt(
  services: readonly RenderedService[],
  removed: readonly ServiceInForce[],
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  environment.phase('converging');
  const { current } = environment.state;
  const judgments = new Judgments(environment.clock);
  for (const service of services) {
    await runPreflight(askedOf(service, journal.begin, current), journal, environment, judgments);
  }
  for (const service of removed) await removeService(service, journal, environment);
  for (const service of services) {
    await runService(service, current, journal, environment, judgments);
    environment.settled(service.name);
  }
}

/**
 * Brings services that depend on the members up to date in the midst of an attempt, while another one changes. What doesn't render, or is refused by its own
 * check, stays as it is; the rendering after the attempt says why.
 */
export async function followMembers(
  changing: string,
  held: HeldRendering,
  render: () => Promise<Rendering>,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  const { current } = environment.state;
  const following: AttemptEnvironment = { ...environment, purpose: 'facts' };
  const fresh = await render().catch(() => undefined);
  if (fresh === undefined) return;
  const judgments = new Judgments(environment.clock);
  for (const service of held.followers(fresh, changing, current)) {
    try {
      await runPreflight(service, journal, following, judgments);
    } catch (thrown) {
      if (thrown instanceof Interrupted || thrown instanceof Superseded) throw thrown;
      continue;
    }
    await runService(service, current, journal, following, judgments);
    held.follow(fresh, service);
  }
}

async function runService(
  service: RenderedService,
  before: ConvergeState,
  journal: Journal,
  environment: AttemptEnvironment,
  judgments: Judgments,
): Promise<void> {
  const change = new ServiceChange(service, journal, environment);
  let changed = false;
  for (const step of askedOf(service, journal.begin, before).steps) {
    goOn(environment);
    changed = (await runStep(step, service, journal, environment, { change, judgments })) || changed;
  }
  if (changed || journal.hasBegun(service.name) || !isInForce(service, before)) {
    await gate(service, change, environment);
  }
  await change.over();
}

/** What stays of a service once the attempt succeeded. */
export function serviceInForce(service: RenderedService): ServiceInForce {
  const { name, digest, confidential, process, health, drain, logs, metrics } = service;
  const units = service.steps.flatMap((step) =>
    step.type === 'unit' && (step.enabled === true || step.state === 'started') ? [step.unit] : [],
  );
  const supervised = service.steps.some((step) => step.type === 'service');
  const files = notifyingFiles(service);
  const own = {
    ...(confidential ? { confidential } : {}),
    ...(drain === undefined ? {} : { drain }),
  };
  return { name, digest, supervised, process, files, units, health, ...own, logs, metrics };
}

async function runPreflight(
  service: RenderedService,
  journal: Journal,
  environment: AttemptEnvironment,
  judgments: Judgments,
): Promise<void> {
  goOn(environment);
  const context = stepContext(service, 'preflight', journal, environment);
  const refused = (step: string, line: string) => environment.event(service.name, step, 'output', line);
  try {
    judgments.good(service.name, await preflight('staged', { ...context, refused }, context));
  } catch (thrown) {
    throw failed(service, 'preflight', thrown, environment);
  }
}

/** Check, apply, verify. Resolves with whether anything was changed. */
async function runStep(
  step: RenderedStep,
  service: RenderedService,
  journal: Journal,
  environment: AttemptEnvironment,
  { change, judgments }: { readonly change: ServiceChange; readonly judgments: Judgments },
): Promise<boolean> {
  const context = stepContext(service, step.id, journal, environment);
  const told = (kind: 'started' | 'unchanged' | 'done', text: string) =>
    environment.event(service.name, step.id, kind, text);
  try {
    const before = await checkStep(step, context);
    if (before.holds || notAsked(step, environment)) {
      if (environment.purpose === 'manifest') told('unchanged', '');
      return false;
    }
    await forgetIfDrifted(step, service.name, environment.state);
    await change.before(step);
    told('started', before.difference);
    if (!journal.hasBegun(service.name, step.id)) {
      const undo = await prepareStep(step, context);
      const { id, type, timeoutMs } = step;
      const limit = timeoutMs === undefined ? {} : { timeoutMs };
      await journal.append({ kind: 'begin', service: service.name, step: id, type, undo, ...limit });
    }
    if (step.type === 'service') environment.changing(service.name);
    const isJudged = judgments.isFresh(service.name, step.id, journal);
    const text = await applyStep(step, { ...context, isJudged });
    // The context knew what the process ran with before: what it runs with now is read anew.
    await verify(step, service, journal, environment);
    told('done', text);
    return true;
  } catch (thrown) {
    throw failed(service, step.id, thrown, environment);
  }
}

/**
 * A command without a check runs for a new manifest, and so is anything waited for: not because a member came or went, or something drifted. A database
 * that is away must not keep a dead member in a load balancer's pool.
 */
function notAsked(step: RenderedStep, { purpose }: AttemptEnvironment): boolean {
  if (purpose === 'manifest') return false;
  return step.type === 'wait' || (step.type === 'exec' && step.check === undefined);
}

async function verify(
  step: RenderedStep,
  service: RenderedService,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  if (step.type === 'exec' && step.check === undefined) return;
  const after = await checkStep(step, stepContext(service, step.id, journal, environment));
  if (!after.holds) throw new StepError(`it was applied, but doesn't hold: ${after.difference}`);
}

async function gate(
  service: RenderedService,
  change: ServiceChange,
  environment: AttemptEnvironment,
): Promise<void> {
  environment.phase('gating');
  environment.changing(service.name);
  let step = 'health';
  try {
    const healthySince = await passGate(service, environment);
    step = gateStep;
    await change.passed(healthySince);
  } catch (thrown) {
    throw failed(service, step, thrown, environment);
  }
  environment.phase('converging');
}

/** A command that failed because the agent ends it is no failure of the step. */
function failed(
  service: RenderedService,
  step: string,
  thrown: unknown,
  environment: AttemptEnvironment,
): Error {
  if (thrown instanceof Interrupted || environment.ending.aborted) return new Interrupted();
  if (thrown instanceof Superseded) return thrown;
  const error = StepFailed.of(service.name, step, thrown);
  environment.event(error.failure.service, error.failure.step, 'failed', error.message);
  return error;
}
