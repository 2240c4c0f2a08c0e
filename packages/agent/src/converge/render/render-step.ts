import type { ExecStep, ServiceStep, Step, UnitStep } from '@shoal/common';
import { ShoalError } from '@shoal/common';
import { renderArchive, renderDownload } from './render-download.js';
import { renderDirectory, renderDropin, renderFile, renderLink } from './render-file.js';
import { renderGroup, renderHosts, renderUser, renderWait } from './render-host.js';
import { renderPackage } from './render-package.js';
import type { RenderedExec, RenderedServiceStep, RenderedStep, RenderedUnit } from './rendered.js';
import type { Renderer } from './renderer.js';
import { common, timeLimit, unitName } from './values.js';

/** Renders one step of a service; its condition was decided before. */
export async function renderStep(step: Step, renderer: Renderer, service: string): Promise<RenderedStep> {
  switch (step.type) {
    case 'archive':
      return renderArchive(step, renderer);
    case 'directory':
      return renderDirectory(step, renderer);
    case 'download':
      return renderDownload(step, renderer);
    case 'dropin':
      return renderDropin(step, renderer);
    case 'exec':
      return renderExec(step, renderer);
    case 'file':
      return renderFile(step, renderer);
    case 'group':
      return renderGroup(step);
    case 'hosts':
      return renderHosts(step, renderer, service);
    case 'link':
      return renderLink(step, renderer);
    case 'package':
      return renderPackage(step, renderer);
    case 'service':
      return renderServiceStep(step, renderer);
    case 'unit':
      return renderUnit(step, renderer);
    case 'user':
      return renderUser(step, renderer);
    case 'wait':
      return renderWait(step, renderer);
    default:
      throw unknownType(step);
  }
}

/** Only a manifest of a newer controller has one. */
function unknownType(step: never): ShoalError {
  const { type } = step as { readonly type: unknown };
  const named = JSON.stringify(type);
  return new ShoalError('invalid_input', `this version of Shoal doesn't know steps of the type ${named}`);
}

async function renderUnit(step: UnitStep, renderer: Renderer): Promise<RenderedUnit> {
  return {
    type: 'unit',
    ...common(step),
    unit: unitName(await renderer.text(step.unit, `${step.id}.unit`)),
    ...(step.enabled === undefined ? {} : { enabled: step.enabled }),
    ...(step.state === undefined ? {} : { state: step.state }),
  };
}

async function renderExec(step: ExecStep, renderer: Renderer): Promise<RenderedExec> {
  const { id, check, undo, directory } = step;
  return {
    type: 'exec',
    id,
    command: await renderer.words(step.command, `${id}.command`),
    ...(check === undefined ? {} : { check: await renderer.words(check, `${id}.check`) }),
    ...(undo === undefined ? {} : { undo: await renderer.words(undo, `${id}.undo`) }),
    ...(directory === undefined ? {} : { directory: await renderer.text(directory, `${id}.directory`) }),
    environment: await renderer.record(step.environment ?? {}, `${id}.environment`),
    timeoutMs: timeLimit(step),
  };
}

async function renderServiceStep(step: ServiceStep, renderer: Renderer): Promise<RenderedServiceStep> {
  const { validate } = step;
  return {
    type: 'service',
    ...common(step),
    ...(validate === undefined ? {} : { validate: await renderer.words(validate, `${step.id}.validate`) }),
  };
}
