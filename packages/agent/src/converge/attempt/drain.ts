import { formatDuration } from '@shoal/common';
import { drainProgress } from '../drain/progress.js';
import type { RenderedDrain } from '../render/rendered.js';
import type { AttemptEnvironment } from './environment.js';
import { goOn } from './environment.js';
import type { Journal } from './journal.js';

/** The name under which draining appears in events. */
const step = 'drain';

/** How often it is looked whether a service has become silent, in milliseconds. */
const lookMs = 100;

/** How often the other services of the node follow the members meanwhile, in milliseconds. */
export const followEveryMs: number = 1000;

/**
 * Takes a service out of load balancers and waits until no request comes any more. It is noted first, so that an agent that is killed meanwhile has a
 * successor that tells the same. What an operator took out is waited for just so: maybe that was only now, and maybe it is taken back meanwhile. A service that nobody else serves stays where it is: it says so and goes on.
 */
export async function drainService(
  service: string,
  drain: RenderedDrain,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  const { drains, event } = environment;
  if (!(await isServedElsewhere(service, drain, environment))) {
    return event(service, step, 'output', 'no other node serves it: it is changed in place');
  }
  const { quietMs, settleMs } = drain;
  await journal.append({ kind: 'draining', service });
  drains.begin(service);
  const told = drains.isAsked(service)
    ? 'it is drained already, as an operator asked'
    : 'told load balancers to send nothing new';
  const wait = `until none came for ${formatDuration(quietMs)}, at least ${formatDuration(settleMs)}`;
  event(service, step, 'started', `${told}; waiting ${wait}`);
  event(service, step, 'done', await waitForSilence(service, drain, environment));
}

/** One that came back just now may not have told everyone yet: the next one in a rollout waits for it as long as the load balancers do. */
async function isServedElsewhere(
  service: string,
  { settleMs }: RenderedDrain,
  environment: AttemptEnvironment,
): Promise<boolean> {
  const { clock, wakes } = environment;
  const begun = clock.elapsed();
  for (;;) {
    goOn(environment);
    const found = environment.elsewhere(service);
    if (found === 'serves') return true;
    if (found === 'nowhere' || clock.elapsed() - begun >= settleMs) return false;
    await clock.sleep(lookMs, wakes);
  }
}

async function waitForSilence(
  service: string,
  drain: RenderedDrain,
  environment: AttemptEnvironment,
): Promise<string> {
  const { clock, traffic, wakes } = environment;
  const begun = clock.elapsed();
  let followed = Number.NEGATIVE_INFINITY;
  for (;;) {
    goOn(environment);
    if (clock.elapsed() - followed >= followEveryMs) {
      followed = clock.elapsed();
      await environment.followMembers(service);
    }
    const seen = traffic.lastSeen(service);
    const sinceRequestMs = seen === undefined ? undefined : clock.now() - seen;
    const sight = { elapsedMs: clock.elapsed() - begun, sinceRequestMs };
    const progress = drainProgress(drain, sight);
    const after = `after ${formatDuration(Math.round(sight.elapsedMs / 100) * 100)}`;
    if (progress === 'drained') return `drained ${after}`;
    if (progress === 'timeout') return `requests still come ${after}; going on all the same`;
    await clock.sleep(lookMs, wakes);
  }
}

/** Load balancers may send again. Nothing happens when this attempt doesn't drain the service. */
export async function undrainService(
  service: string,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  if (!journal.draining().includes(service)) return;
  environment.drains.end(service);
  // Without the note a later agent drains it until it is through, which is safe; a full disk must not keep the rest from being done.
  await journal.append({ kind: 'undrained', service }).catch(() => {});
  const stays = environment.drains.isAsked(service);
  environment.event(
    service,
    step,
    'done',
    stays ? 'stays drained, as an operator asked' : 'takes requests again',
  );
}
