import { isAbsolute, normalize } from 'node:path';
import type { DirectoryStep, ExecStep, FileStep, Step, UnitStep } from '@shoal/common';
import { parseDuration, ShoalError } from '@shoal/common';
import { digestPlaceholder, sealDigest } from './file-digest.js';
import type {
  RenderedDirectory,
  RenderedExec,
  RenderedFile,
  RenderedStep,
  RenderedUnit,
} from './rendered.js';
import type { Renderer } from './renderer.js';

/** Renders one step; its condition was decided before. */
export async function renderStep(step: Step, renderer: Renderer): Promise<RenderedStep> {
  switch (step.type) {
    case 'directory':
      return renderDirectory(step, renderer);
    case 'file':
      return renderFile(step, renderer);
    case 'package':
      return {
        type: 'package',
        id: step.id,
        name: step.name,
        ...(step.version === undefined ? {} : { version: step.version }),
      };
    case 'unit':
      return renderUnit(step, renderer);
    case 'exec':
      return renderExec(step, renderer);
    case 'service':
      return {
        type: 'service',
        id: step.id,
        ...(step.validate === undefined
          ? {}
          : { validate: await renderer.words(step.validate, `${step.id}.validate`) }),
      };
    default:
      throw new ShoalError('invalid_input', `this agent doesn't know steps of the type "${step.type}"`);
  }
}

async function renderDirectory(step: DirectoryStep, renderer: Renderer): Promise<RenderedDirectory> {
  return {
    type: 'directory',
    id: step.id,
    path: absolutePath(await renderer.text(step.path, `${step.id}.path`)),
    mode: parseMode(step.mode ?? '0755'),
    ...ownership(step),
  };
}

async function renderFile(step: FileStep, renderer: Renderer): Promise<RenderedFile> {
  const path = absolutePath(await renderer.text(step.path, `${step.id}.path`));
  const { name, text } = sourceOf(step);
  const { content, digest } = sealDigest(await renderer.text(text, name, { digest: digestPlaceholder }));
  renderer.defineFile(step.id, { path, digest });
  const words = step.validate;
  return {
    type: 'file',
    id: step.id,
    path,
    content,
    mode: parseMode(step.mode ?? '0644'),
    ...ownership(step),
    ...(words === undefined
      ? {}
      : { validate: { words, render: (staged) => renderer.validation(words, step.id, staged) } }),
    notify: step.notify ?? null,
  };
}

function sourceOf(step: FileStep): { readonly name: string; readonly text: string } {
  if (typeof step.template === 'object') return step.template;
  if (step.content !== undefined) return { name: `${step.id}.content`, text: step.content };
  const found = step.template === undefined ? 'neither' : `only the name "${step.template}"`;
  throw new ShoalError('invalid_input', `step ${step.id} needs content or a template's text, found ${found}`);
}

async function renderUnit(step: UnitStep, renderer: Renderer): Promise<RenderedUnit> {
  return {
    type: 'unit',
    id: step.id,
    unit: await renderer.text(step.unit, `${step.id}.unit`),
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
    timeoutMs: parseDuration(step.timeout ?? '60s'),
  };
}

function ownership(step: DirectoryStep | FileStep): { readonly owner?: string; readonly group?: string } {
  const { owner, group } = step;
  return { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
}

/** A rendered path is checked again: the blueprint's check saw the template only. */
function absolutePath(path: string): string {
  if (isAbsolute(path) && normalize(path) === path && !path.includes('\0') && !path.endsWith('/'))
    return path;
  throw new ShoalError(
    'invalid_input',
    `expected an absolute path without "..", found ${JSON.stringify(path)}`,
  );
}

function parseMode(text: string): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  throw new ShoalError(
    'invalid_input',
    `expected an octal mode such as "0644", found ${JSON.stringify(text)}`,
  );
}
