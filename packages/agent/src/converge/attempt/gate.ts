import { formatDuration } from '@shoal/common';
import type { ProcessSpec, ProcessStatus } from '../../supervise/supervisor.js';
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
 * Waits until the service has been healthy for `healthyFor`, and resolves with the time since when it has been, by `Clock.elapsed` (undefined: it has no health check). Fails at `deadline`, and at once when the process ends by itself or is another one.
 * A service without health check passes when its process runs.
 */
export async function passGate(
  service: GatedService,
  environment: AttemptEnvironment,
): Promise<number | undefined> {
  const { clock, supervisor, wakes } = environment;
  const first = await supervisor.status(service.process);
  await processStands(service, environment, first);
  const { health } = service;
  if (health === null) return undefined;
  const deadline = clock.elapsed() + health.deadlineMs;
  let healthySince: number | undefined;
  for (;;) {
    goOn(environment);
    const result = await healthOf(service, environment);
    environment.gateSaw(service.name, result);
    // Whoever answers: another process that holds the port does, too.
    await processStands(service, environment, first);
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

/**
 * Throws when the process ended, or another one stands in its place, since `first` was seen: what answers at its port isn't what was changed. The error quotes what the
 * process said last.
 */
export async function processStands(
  service: GatedService,
  { supervisor }: Pick<AttemptEnvironment, 'supervisor'>,
  first: Pick<ProcessStatus, 'pid' | 'restarts'>,
): Promise<void> {
  const { supervised = service.steps?.some((step) => step.type === 'service') ?? false } = service;
  if (!supervised) return;
  const now = await supervisor.status(service.process);
  const isOther = now.pid !== null && first.pid !== null && now.pid !== first.pid;
  if (now.state === 'running' && now.restarts <= first.restarts && !isOther) return;
  const lines = await supervisor.lastOutput(service.process);
  const detail = now.detail === '' ? '' : `: ${now.detail}`;
  const what = isOther
    ? `is another one by now (it was ${first.pid}, it is ${now.pid})`
    : `didn't stay up${detail}`;
  throw new StepError(`the process of ${service.name} ${what}${lastWords(lines)}`, lines);
}

/** Longer lines are no sentence for people, and stand in the output. */
const longestQuote = 300;

/** The last line in which the process complains, or else its last line, to end a sentence with. */
function lastWords(lines: readonly string[]): string {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '' && line.length <= longestQuote);
  const line = said.findLast((text) => /error|fatal|emerg|fail|cannot|can't|refused|in use/i.test(text));
  const quoted = line ?? said.at(-1);
  return quoted === undefined ? '' : `; it said: ${quoted}`;
}
