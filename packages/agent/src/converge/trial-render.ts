import type { LoadedBlueprint, ManifestService, PoolMemory, Problem } from '@shoal/common';
import { compileManifest, createBlueprintSet, ShoalError, sampleParams } from '@shoal/common';
import { freeGrant } from '../lease/lease-machine.js';
import type { SupervisorKind, TemplateFacts } from './converger.js';
import { templateContext } from './render/context.js';
import { RenderError, renderService } from './render/render-service.js';

/** What went wrong when a blueprint was rendered to try it. */
export interface TrialFailure {
  readonly supervisor: SupervisorKind;
  /** Id of the step, or `variables`, `process`, `health`, `metrics`, `logs`. */
  readonly step: string;
  readonly problems: readonly Problem[];
}

const facts: TemplateFacts = {
  node: { name: 'sample-1', site: 'sample', address: '192.0.2.1' },
  facts: {},
  members: [1, 2].map((number) => ({
    name: `sample-${number}`,
    address: `192.0.2.${number}:9896`,
    state: 'alive',
    tags: { site: 'sample', svc: 'sample:h' },
    incarnation: 1,
    since: 0,
  })),
  lease: freeGrant,
};

const noMemory: PoolMemory = { last: () => undefined, took: () => {} };

/**
 * Renders all of a blueprint as an agent would, for a made-up host of a cluster of two, with sample parameters; once for each supervisor. Nothing of this host is touched.
 * Gives the first failure for each supervisor; none for a blueprint whose parameters have no samples.
 */
export async function trialRender(blueprint: LoadedBlueprint): Promise<TrialFailure[]> {
  const { params, missing } = sampleParams(blueprint);
  if (missing.length > 0) return [];
  const failures: TrialFailure[] = [];
  for (const supervisor of ['systemd', 'process'] as const) {
    const failure = await tryOn(supervisor, sampleService(blueprint, params));
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

function sampleService(blueprint: LoadedBlueprint, params: ManifestService['params']): ManifestService {
  const { name } = blueprint;
  const manifest = compileManifest({
    spec: { cluster: 'sample', services: { sample: { blueprint: name, nodes: 'all', params } } },
    blueprints: createBlueprintSet([blueprint]),
    clusterId: 'sample',
    node: facts.node,
    revision: 1,
  });
  const [service] = manifest.services;
  if (service === undefined) throw new ShoalError('internal', `${name} gave no service`);
  return service;
}

async function tryOn(
  supervisor: SupervisorKind,
  service: ManifestService,
): Promise<TrialFailure | undefined> {
  const options = {
    supervisor,
    directory: '/var/lib/shoal/agent/services/sample',
    pools: noMemory,
    sizeOf: () => 2,
  };
  const context = templateContext(service, facts, options);
  try {
    const { steps } = await renderService(service, context);
    for (const step of steps) {
      if (step.type === 'file') await validated(step.id, () => step.validate?.render({}));
    }
    return undefined;
  } catch (thrown) {
    const step = thrown instanceof RenderError ? thrown.step : 'render';
    const cause = ShoalError.from(thrown instanceof RenderError ? thrown.cause : thrown);
    const problems = cause.problems.length > 0 ? cause.problems : [{ message: cause.message }];
    return { supervisor, step, problems };
  }
}

async function validated(id: string, render: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await render();
  } catch (thrown) {
    throw new RenderError(id, thrown);
  }
}
