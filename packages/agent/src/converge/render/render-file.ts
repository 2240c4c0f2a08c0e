import type { DirectoryStep, DropinStep, FileStep, LinkStep } from '@shoal/common';
import { ShoalError } from '@shoal/common';
import { digestPlaceholder, sealDigest } from './file-digest.js';
import type { RenderedDirectory, RenderedDropin, RenderedFile, RenderedLink } from './rendered.js';
import type { Renderer } from './renderer.js';
import { absolutePath, common, ownership, parseMode, unitName } from './values.js';

/** Renders a directory step. */
export async function renderDirectory(step: DirectoryStep, renderer: Renderer): Promise<RenderedDirectory> {
  return {
    type: 'directory',
    ...common(step),
    path: absolutePath(await renderer.text(step.path, `${step.id}.path`)),
    mode: parseMode(step.mode ?? '0755'),
    ...ownership(step),
  };
}

/** Renders a file step, and makes the file known to the templates after it. */
export async function renderFile(step: FileStep, renderer: Renderer): Promise<RenderedFile> {
  const path = absolutePath(await renderer.text(step.path, `${step.id}.path`));
  const { content, digest } = await renderContent(step, renderer);
  renderer.defineFile(step.id, { path, digest });
  const words = step.validate;
  return {
    type: 'file',
    ...common(step),
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

/** Renders a link step. */
export async function renderLink(step: LinkStep, renderer: Renderer): Promise<RenderedLink> {
  const target = await renderer.text(step.target, `${step.id}.target`);
  if (target === '' || target.includes('\0')) {
    throw new ShoalError('invalid_input', `expected what the link leads to, found ${JSON.stringify(target)}`);
  }
  return {
    type: 'link',
    ...common(step),
    path: absolutePath(await renderer.text(step.path, `${step.id}.path`)),
    target,
    notify: step.notify ?? null,
  };
}

/** Renders a drop-in of a systemd unit. */
export async function renderDropin(step: DropinStep, renderer: Renderer): Promise<RenderedDropin> {
  const unit = unitName(await renderer.text(step.unit, `${step.id}.unit`));
  const { notify = 'restart' } = step;
  return {
    type: 'dropin',
    ...common(step),
    unit,
    path: `/etc/systemd/system/${unit}.d/${step.name}.conf`,
    content: (await renderContent(step, renderer)).content,
    notify: notify === 'nothing' ? null : notify,
  };
}

async function renderContent(
  step: DropinStep | FileStep,
  renderer: Renderer,
): Promise<{ readonly content: string; readonly digest: string }> {
  const { name, text } = sourceOf(step);
  return sealDigest(await renderer.text(text, name, { digest: digestPlaceholder }), renderer.digestOf);
}

function sourceOf(step: DropinStep | FileStep): { readonly name: string; readonly text: string } {
  if (typeof step.template === 'object') return step.template;
  if (step.content !== undefined) return { name: `${step.id}.content`, text: step.content };
  const found = step.template === undefined ? 'neither' : `only the name "${step.template}"`;
  throw new ShoalError('invalid_input', `step ${step.id} needs content or a template's text, found ${found}`);
}
