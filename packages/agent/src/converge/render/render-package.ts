import type { PackageStep } from '@shoal/common';
import { ShoalError, unsupportedManager } from '@shoal/common';
import type { RenderedPackage } from './rendered.js';
import type { Renderer } from './renderer.js';
import { common } from './values.js';

/** Renders a package step. A version that comes out empty is none. It is checked again: it goes to apt as an argument. */
export async function renderPackage(step: PackageStep, renderer: Renderer): Promise<RenderedPackage> {
  const { id, name, manager = 'apt' } = step;
  if (manager !== 'apt') throw new ShoalError('invalid_input', unsupportedManager(manager));
  const version = step.version === undefined ? '' : await renderer.text(step.version, `${id}.version`);
  if (version === '') return { type: 'package', ...common(step), name };
  if (/^[0-9A-Za-z][0-9A-Za-z.+:~-]*$/.test(version)) {
    return { type: 'package', ...common(step), name, version };
  }
  const found = JSON.stringify(version);
  throw new ShoalError('invalid_input', `expected a Debian package's version, found ${found}`);
}
