import { formatDuration } from '@shoal/common';
import type { TrafficWindow } from '../../observe/traffic/window.js';
import { gateRules, judge } from '../gate/judge.js';
import { together } from '../gate/tried-times.js';
import type { RenderedService } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { followEveryMs } from './drain.js';
import type { AttemptEnvironment } from './environment.js';
import { goOn } from './environment.js';
import { healthOf, processStands } from './gate.js';
import type { Journal } from './journal.js';

/** The name under which the judgment of traffic appears in events and failures. */
export const gateStep = 'gate';

/** How often a service is looked at while its traffic is watched, in milliseconds. */
const lookMs = 500;

const noRequests: TrafficWindow = { ms: 0, requests: 0, errors: 0, latency: [] };

/** The service's traffic until now, but for what was tried and taken back, when it is going to be judged; undefined: it isn't, or nothing tells of it. */
export function trafficBefore(
  { name, drain }: RenderedService,
  { clock, gate, purpose, traffic, tried }: AttemptEnvironment,
): TrafficWindow | undefined {
  if (purpose !== 'manifest' || gateRules(gate, drain !== undefined).observeMs === 0) return undefined;
  const now = clock.now();
  const good = tried.goodTime(name, now);
  if (good.length === 0) return traffic.window(name, now, now);
  return together(good.map(({ from, until }) => traffic.window(name, from, until)));
}

/**
 * Watches the changed service's own traffic beside its health, and judges it by that before the change. Throws StepError when it is worse. Nothing is
 * watched when the members changed, or drift was repaired; nor a service that no log source tells of.
 */
export async function observe(
  service: RenderedService,
  journal: Journal,
  environment: AttemptEnvironment,
): Promise<void> {
  const { clock, supervisor, wakes } = environment;
  const rules = gateRules(environment.gate, service.drain !== undefined);
  const before = journal.trafficBefore(service.name);
  // Absent: the service is new here, or its traffic isn't known.
  if (environment.purpose !== 'manifest' || rules.observeMs === 0 || before === undefined) return;
  if (environment.drains.has(service.name)) return;
  environment.event(
    service.name,
    gateStep,
    'started',
    `watching its traffic for ${formatDuration(rules.observeMs)}`,
  );
  const first = await supervisor.status(service.process);
  const since = clock.elapsed();
  let ill = 0;
  let followed = Number.NEGATIVE_INFINITY;
  for (;;) {
    goOn(environment);
    if (clock.elapsed() - followed >= followEveryMs) {
      followed = clock.elapsed();
      await environment.followMembers(service.name);
    }
    await processStands(service, environment, first);
    const health = await healthOf(service, environment);
    ill = health.healthy ? 0 : ill + 1;
    if (ill > 1) throw new StepError(`not healthy any more: ${health.detail}`);
    const ms = clock.elapsed() - since;
    const now = clock.now();
    const after = environment.traffic.window(service.name, now - ms, now) ?? noRequests;
    const judgment = judge(before, { ...after, ms }, rules);
    if (judgment.verdict === 'fail') throw new StepError(judgment.reason);
    if (judgment.verdict === 'pass') {
      return environment.event(service.name, gateStep, 'done', judgment.reason);
    }
    await clock.sleep(lookMs, wakes);
  }
}
