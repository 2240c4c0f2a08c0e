import type {
  DrainDefinition,
  HealthCheck,
  LogSource,
  ManifestService,
  MetricSource,
  ProcessDefinition,
} from '@shoal/common';
import { canonicalJson, orderVariables, parseDuration } from '@shoal/common';
import type { ProcessSpec } from '../../supervise/supervisor.js';
import { StepError } from '../step-error.js';
import type { TemplateContext } from './context.js';
import { renderStep } from './render-step.js';
import type { RenderedDrain, RenderedHealth, RenderedService, RenderedStep } from './rendered.js';
import { Renderer } from './renderer.js';

/** Rendering failed: which step's template it was (`variables`, `process`, `health`, ... for the parts outside of steps). */
export class RenderError extends StepError {
  readonly step: string;

  constructor(step: string, cause: unknown) {
    const error = StepError.of(cause);
    super(error.message, error.output === '' ? [] : error.output.split('\n'), cause);
    this.step = step;
  }
}

/** Renders all of a service. Nothing of the host is read but what the context holds. Throws RenderError. */
export async function renderService(
  service: ManifestService,
  context: TemplateContext,
): Promise<RenderedService> {
  const renderer = new Renderer(context);
  await attributed('variables', async () => {
    for (const name of await orderVariables(service.variables)) {
      renderer.define(name, await renderer.text(service.variables[name] ?? '', `variables.${name}`));
    }
  });
  const steps: RenderedStep[] = [];
  for (const step of service.steps) {
    await attributed(step.id, async () => {
      if (await renderer.holds(step.when)) steps.push(await renderStep(step, renderer, service.name));
    });
  }
  const parts = {
    name: service.name,
    steps,
    process: await attributed('process', () => renderProcess(service.process, renderer, context)),
    health: await attributed('health', () => renderHealth(service.health, renderer)),
    ...(service.drain === undefined ? {} : { drain: renderDrain(service.drain) }),
    logs: await attributed('logs', () => renderLogs(service.logs, renderer)),
    metrics: await attributed('metrics', () => renderMetrics(service.metrics, renderer)),
  };
  const digest = renderer.digestOf(canonicalJson(JSON.parse(JSON.stringify(parts))));
  return { ...parts, confidential: service.secrets !== undefined, digest };
}

async function attributed<T>(step: string, render: () => Promise<T>): Promise<T> {
  try {
    return await render();
  } catch (thrown) {
    throw thrown instanceof RenderError ? thrown : new RenderError(step, thrown);
  }
}

async function renderProcess(
  process: ProcessDefinition,
  renderer: Renderer,
  context: TemplateContext,
): Promise<ProcessSpec> {
  const { unit, command, environment = {}, reloadSignal } = process;
  return {
    service: context.service.name,
    directory: context.service.directory,
    ...(unit === undefined ? {} : { unit: await renderer.text(unit, 'process.unit') }),
    ...(command === undefined ? {} : { command: await renderer.words(command, 'process.command') }),
    environment: await renderer.record(environment, 'process.environment'),
    ...(reloadSignal === undefined ? {} : { reloadSignal }),
    stopSignal: process.stopSignal ?? 'SIGTERM',
    stopTimeoutMs: parseDuration(process.stopTimeout ?? '30s'),
  };
}

async function renderHealth(health: HealthCheck | null, renderer: Renderer): Promise<RenderedHealth | null> {
  if (health === null) return null;
  const { probes } = health;
  return {
    url: await renderer.text(health.url, 'health.url'),
    ...(probes === undefined ? {} : { probes: await renderer.words(probes, 'health.probes') }),
    intervalMs: parseDuration(health.interval ?? '2s'),
    timeoutMs: parseDuration(health.timeout ?? '2s'),
    healthyForMs: parseDuration(health.healthyFor ?? '2s'),
    deadlineMs: parseDuration(health.deadline ?? '30s'),
  };
}

function renderDrain({ on, quiet, settle, timeout }: DrainDefinition): RenderedDrain {
  return {
    on: on ?? 'restart',
    quietMs: parseDuration(quiet ?? '1s'),
    settleMs: parseDuration(settle ?? '3s'),
    timeoutMs: parseDuration(timeout ?? '30s'),
  };
}

async function renderLogs(logs: readonly LogSource[], renderer: Renderer): Promise<readonly LogSource[]> {
  const rendered: LogSource[] = [];
  for (const { when, ...source } of logs) {
    if (!(await renderer.holds(when))) continue;
    const name = `logs.${source.source}`;
    const file = source.file === undefined ? {} : { file: await renderer.text(source.file, name) };
    const unit = source.unit === undefined ? {} : { unit: await renderer.text(source.unit, name) };
    rendered.push({ ...source, ...file, ...unit });
  }
  return rendered;
}

async function renderMetrics(
  metrics: readonly MetricSource[],
  renderer: Renderer,
): Promise<readonly MetricSource[]> {
  const rendered: MetricSource[] = [];
  for (const { when, ...source } of metrics) {
    if (await renderer.holds(when))
      rendered.push({ ...source, url: await renderer.text(source.url, 'metrics.url') });
  }
  return rendered;
}
