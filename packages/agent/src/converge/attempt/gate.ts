import { formatDuration } from '@shoal/common';
import type { ProcessSpec } from '../../supervise/supervisor.js';
import type { HealthResult } from '../health.js';
import type { RenderedHealth } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import type { AttemptEnvironment } from './environment.js';
import { goOn } from './environment.js';

/** A gate looks at least that often, in milliseconds: it holds up a rollout. */
const mostIntervalMs = 500;

/** What a gate needs to know of a service. */
export interface GatedService {
  readonly name: string;
  readonly process: ProcessSpec;
  readonly health: RenderedHealth | null;
  /** There is a process to stand. Default: when one of its steps is of type `service`. */
  readonly supervised?: boolean;
  readonly steps?: readonly { readonly type: string }[];
}

/**
 * Waits until the service has been healthy for `healthyFor`, and resolves with the time since when it has been, by `Clock.elapsed` (undefined: it has no health check). Fails at `deadline`, and at once when the process ends by itself.
 * A service without health check passes when its process runs.
 */
export async function passGate(
  service: GatedService,
  environment: AttemptEnvironment,
): Promise<number | undefined> {
  const { clock, supervisor, wakes } = environment;
  const restartsBefore = (await supervisor.status(service.process)).restarts;
  await processStands(service, environment, restartsBefore);
  const { health } = service;
  if (health === null) return undefined;
  const deadline = clock.elapsed() + health.deadlineMs;
  let healthySince: number | undefined;
  for (;;) {
    goOn(environment);
    const result = await healthOf(service, environment);
    environment.gateSaw(service.name, result);
    await processStands(service, environment, restartsBefore);
    const now = clock.elapsed();
    healthySince = result.healthy ? (healthySince ?? now) : undefined;
    if (healthySince !== undefined && now - healthySince >= health.healthyForMs) return healthySince;
    if (now >= deadline) {
      const lines = await supervisor.lastOutput(service.process);
      throw new StepError(`not healthy within ${formatDuration(health.deadlineMs)}: ${result.detail}`, lines);
    }
    await clock.sleep(Math.min(health.intervalMs, mostIntervalMs), wakes);
  }
}

/** Whether the service answers as it must after a change: its health check, and each of its probes. */
export async function healthOf(
  { health }: Pick<GatedService, 'health'>,
  { probe }: Pick<AttemptEnvironment, 'probe'>,
): Promise<HealthResult> {
  if (health === null) return { healthy: true, detail: '' };
  const own = await probe(health);
  if (!own.healthy) return own;
  for (const url of health.probes ?? []) {
    const result = await probe({ url, timeoutMs: health.timeoutMs });
    if (!result.healthy) return result;
  }
  return own;
}

/** Throws when the process ended, or was started again, since `restartsBefore` was read. */
export async function processStands(
  service: GatedService,
  environment: AttemptEnvironment,
  restartsBefore: number,
): Promise<void> {
  const { supervised = service.steps?.some((step) => step.type === 'service') ?? false } = service;
  if (!supervised) return;
  const status = await environment.supervisor.status(service.process);
  if (status.state === 'running' && status.restarts <= restartsBefore) return;
  const lines = await environment.supervisor.lastOutput(service.process);
  const detail = status.detail === '' ? '' : `: ${status.detail}`;
  throw new StepError(`the process of ${service.name} didn't stay up${detail}`, lines);
}
