import type { Logger, MemberView } from '@shoal/common';
import type { Discretion } from '../discretion.js';
import type { RenderedService } from '../render/rendered.js';
import type { ConvergeState, Failure, StateFile } from '../state.js';
import { handlerOf } from '../steps/index.js';
import { isInForce } from './asked-steps.js';
import { followMembers, runAttempt, serviceInForce } from './attempt.js';
import type { AttemptEnvironment } from './environment.js';
import { Interrupted, Superseded, toTheEnd } from './environment.js';
import { HeldRendering } from './held-rendering.js';
import type { AttemptBegin, JournalPrivacy } from './journal.js';
import { confidentialServices, Journal } from './journal.js';
import { waitForOrphan } from './orphan.js';
import { StepFailed } from './step-failed.js';
import { undoAttempt } from './undo.js';

/** How an attempt ended; `interrupted`: the agent stops, the next one goes on; `superseded`: it went back whole, since another manifest is asked for. */
export type Outcome =
  | { readonly kind: 'done' | 'interrupted' | 'superseded' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What a manifest asks of this host now. */
export interface Rendering {
  readonly services: readonly RenderedService[];
  /** The members that were rendered. */
  readonly members: readonly MemberView[];
  /** The pools of services that templates got. */
  readonly pools: ConvergeState['pools'];
  /** The numbers of services' nodes that templates got. */
  readonly sizes: ConvergeState['sizes'];
}

export interface PerformOptions {
  readonly state: StateFile;
  readonly paths: { readonly attempt: string; readonly unfinished: string };
  readonly discretion: Discretion;
  readonly logger: Logger;
  /** Makes durable what an attempt needs to be gone on with, beside its journal. */
  readonly prepare: () => Promise<void>;
  /** Throws StepFailed. */
  readonly render: (begin: AttemptBegin) => Promise<Rendering>;
  readonly environment: (begin: AttemptBegin) => AttemptEnvironment;
  /** These are in force from now on, just as they are rendered here. */
  readonly inForce: (services: readonly RenderedService[]) => void;
}

/** So often an attempt is gone on with after the agent died in it; then it is the attempt that kills the agent, or the host. */
const mostResumes = 5;

/** Makes an attempt from its begin to its outcome on disk. */
export async function beginAttempt(begin: AttemptBegin, options: PerformOptions): Promise<Outcome> {
  let journal: Journal;
  options.environment(begin).phase('converging');
  try {
    await options.prepare();
    journal = await Journal.create(options.paths.attempt, begin, privacyOf(begin, options));
  } catch (thrown) {
    const failed = StepFailed.of('', 'begin', thrown);
    return endFailed(begin, { ...failed.failure, undone: true, untouched: true }, options);
  }
  return perform(journal, options);
}

/** What the journal of an attempt doesn't show: what concerns services that have secrets, or had. */
function privacyOf(begin: AttemptBegin, { state, discretion }: PerformOptions): JournalPrivacy {
  return { discretion, services: confidentialServices(begin.manifest, state.current.services) };
}

/** Goes on with the attempt that an earlier agent left in the middle, forward or back; undefined when there is none. */
export async function resumeAttempt(journal: Journal, options: PerformOptions): Promise<Outcome> {
  const environment = options.environment(journal.begin);
  options.logger.warn(
    { revision: journal.begin.revision, undoing: journal.failure() !== undefined },
    'going on with an attempt that was interrupted',
  );
  environment.phase(journal.failure() === undefined ? 'converging' : 'undoing');
  await waitForOrphan(journal.lastCommand(), environment.clock, environment.stopping);
  if (environment.stopping.aborted) return interrupted(journal);
  if (journal.failure() === undefined && journal.timesResumed() >= mostResumes) {
    return goBack(journal, tooOften(journal), options);
  }
  await journal.append({ kind: 'resumed' }).catch(() => {});
  return perform(journal, options);
}

/** The state holds the attempt's outcome already; what it left on disk is removed. What can't be removed is logged: it changes no outcome, and the next start tries again. */
export async function cleanUpAfter(journal: Journal, logger: Logger): Promise<void> {
  try {
    for (const begun of journal.begun()) await handlerOf(begun.type).forget?.(begun.undo);
    await journal.end();
  } catch (thrown) {
    logger.warn({ err: thrown }, 'cleaning up after an attempt that ended failed');
  }
}

async function perform(journal: Journal, options: PerformOptions): Promise<Outcome> {
  const { tried } = options.environment(journal.begin);
  for (const { service } of journal.begun()) tried.begins(service, 0);
  const known = journal.failure();
  if (known !== undefined) return goBack(journal, known, options);
  try {
    await goForward(journal, options);
    return { kind: 'done' };
  } catch (thrown) {
    if (thrown instanceof Interrupted) return interrupted(journal);
    if (thrown instanceof Superseded) return goBack(journal, givenUp, options);
    const { failure } = StepFailed.of('', 'commit', thrown);
    return goBack(journal, { ...failure, undone: false }, options);
  }
}

async function goForward(journal: Journal, options: PerformOptions): Promise<void> {
  const { state } = options;
  const { begin } = journal;
  const rendered = await options.render(begin);
  const held = new HeldRendering(rendered);
  const names = new Set(rendered.services.map((service) => service.name));
  // What needs others goes before them: the reverse of the order in which they came.
  const removed = state.current.services.filter((service) => !names.has(service.name)).toReversed();
  const environment: AttemptEnvironment = {
    ...options.environment(begin),
    settled: (service) => held.settled(service),
    followMembers: (changing) =>
      followMembers(changing, held, () => options.render(begin), journal, environment),
  };
  await runAttempt(toRun(begin, rendered.services, state.current), removed, journal, environment);
  const wentBack = begin.revision < (state.current.running?.revision ?? 0);
  const { services, members, pools, sizes } = held.current;
  const known = ({ name }: RenderedService) => state.current.services.find((old) => old.name === name);
  await state.update({
    running: { hash: begin.hash, revision: begin.revision },
    ...(begin.purpose === 'manifest' ? { failed: null } : {}),
    manifest: begin.manifest,
    services: services.flatMap((service) =>
      isLater(service, begin) ? (known(service) ?? []) : serviceInForce(service),
    ),
    members,
    pools,
    sizes,
    endedAttempt: begin.id,
  });
  environment.tried.succeeded(environment.clock.now(), wentBack);
  options.inForce(services);
  await cleanUpAfter(journal, options.logger);
}

/** For a new manifest all services are gone through; else those that render to something else, and those that drifted. */
function toRun(
  begin: AttemptBegin,
  services: readonly RenderedService[],
  state: ConvergeState,
): readonly RenderedService[] {
  if (begin.purpose === 'manifest') return services;
  return services.filter(
    (service) =>
      (!isInForce(service, state) && !isLater(service, begin)) || begin.drifted?.[service.name] !== undefined,
  );
}

/** It stays as it is in force. */
function isLater({ name }: RenderedService, { later = [] }: AttemptBegin): boolean {
  return later.includes(name);
}

async function goBack(journal: Journal, failure: Failure, options: PerformOptions): Promise<Outcome> {
  const environment = toTheEnd(options.environment(journal.begin));
  if (failure.superseded === true) environment.event('', supersededStep, 'output', failure.message);
  const undone = await undoAttempt(journal, failure, environment);
  const untouched = undone.undone && journal.begun().length === 0 && journal.removing().length === 0;
  const reported = untouched ? { ...undone, untouched } : undone;
  if (environment.ending.aborted) return interrupted(journal);
  environment.tried.failed(environment.clock.now());
  const outcome = await endFailed(journal.begin, reported, options);
  await journal.end(reported.undone ? undefined : options.paths.unfinished);
  return outcome;
}

async function endFailed(
  begin: AttemptBegin,
  failure: Failure,
  { state, logger }: PerformOptions,
): Promise<Outcome> {
  const { id, hash, revision, attempt = 0, purpose } = begin;
  // Nothing is wrong with what was given up; only what couldn't be taken back has to be known.
  const isSuperseded = failure.superseded === true && failure.undone;
  const told = purpose === 'manifest' && !isSuperseded;
  const failed = told ? { failed: { hash, revision, attempt, failure } } : {};
  const error = await state.remember({ ...failed, endedAttempt: id });
  if (error !== undefined) logger.error({ err: error }, "the attempt's failure couldn't be written down");
  return isSuperseded ? { kind: 'superseded' } : { kind: 'failed', failure };
}

/** The name under which giving up appears in events and failures. */
const supersededStep = 'superseded';

const givenUp: Failure = {
  service: '',
  step: supersededStep,
  message: 'another manifest was asked for: this one is given up',
  output: '',
  undone: false,
  superseded: true,
};

async function interrupted(journal: Journal): Promise<Outcome> {
  await journal.close();
  return { kind: 'interrupted' };
}

function tooOften(journal: Journal): Failure {
  const last = journal.begun().at(-1);
  const message = `the agent was interrupted ${journal.timesResumed() + 1} times during this attempt`;
  return { service: last?.service ?? '', step: last?.step ?? 'begin', message, output: '', undone: false };
}
