import { mkdir } from 'node:fs/promises';
import type { Manifest, PoolMemory } from '@shoal/common';
import { StepFailed } from '../attempt/step-failed.js';
import type { SupervisorKind, TemplateFacts } from '../converger.js';
import type { SizeOf } from './context.js';
import { templateContext } from './context.js';
import type { DigestOf } from './file-digest.js';
import { RenderError, renderService } from './render-service.js';
import type { RenderedService } from './rendered.js';

/**
 * Renders all services of a manifest, and makes their own directories: programs that validate a configuration want to find
 * what it names. Throws StepFailed.
 */
export async function renderManifest(
  manifest: Manifest,
  facts: TemplateFacts,
  options: {
    readonly supervisor: SupervisorKind;
    readonly directoryOf: (service: string) => string;
    /** As the context has it. */
    readonly keyedDigest?: DigestOf;
    readonly pools: PoolMemory;
    readonly sizeOf: SizeOf;
  },
): Promise<readonly RenderedService[]> {
  const services: RenderedService[] = [];
  for (const service of manifest.services) {
    const directory = options.directoryOf(service.name);
    const context = templateContext(service, facts, { ...options, directory });
    try {
      services.push(await renderService(service, context));
      await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch (thrown) {
      throw StepFailed.of(service.name, thrown instanceof RenderError ? thrown.step : 'render', thrown);
    }
  }
  return services;
}
