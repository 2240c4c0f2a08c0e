import { formatDuration } from '@shoal/common';
import type { RenderedService } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import type { AttemptEnvironment } from './environment.js';
import { goOn } from './environment.js';

/** A gate looks at least that often, in milliseconds: it holds up a rollout. */
const mostIntervalMs = 500;

/**
 * Waits until the service has been healthy for `healthyFor`. Fails at `deadline`, and at once when the process ends by itself.
 * A service without health check passes when its process runs.
 */
export async function passGate(service: RenderedService, environment: AttemptEnvironment): Promise<void> {
  const { clock, supervisor, stopping } = environment;
  const restartsBefore = (await supervisor.status(service.process)).restarts;
  await processStands(service, environment, restartsBefore);
  const { health } = service;
  if (health === null) return;
  const deadline = clock.now() + health.deadlineMs;
  let healthySince: number | undefined;
  for (;;) {
    goOn(environment);
    const result = await environment.probe(health);
    environment.gateSaw(service.name, result);
    await processStands(service, environment, restartsBefore);
    const now = clock.now();
    healthySince = result.healthy ? (healthySince ?? now) : undefined;
    if (healthySince !== undefined && now - healthySince >= health.healthyForMs) return;
    if (now >= deadline) {
      const lines = await supervisor.lastOutput(service.process);
      throw new StepError(`not healthy within ${formatDuration(health.deadlineMs)}: ${result.detail}`, lines);
    }
    await clock.sleep(Math.min(health.intervalMs, mostIntervalMs), stopping);
  }
}

async function processStands(
  service: RenderedService,
  environment: AttemptEnvironment,
  restartsBefore: number,
): Promise<void> {
  if (!service.steps.some((step) => step.type === 'service')) return;
  const status = await environment.supervisor.status(service.process);
  if (status.state === 'running' && status.restarts <= restartsBefore) return;
  const lines = await environment.supervisor.lastOutput(service.process);
  const detail = status.detail === '' ? '' : `: ${status.detail}`;
  throw new StepError(`the process of ${service.name} didn't stay up${detail}`, lines);
}
