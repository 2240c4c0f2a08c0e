import { canonicalJson } from '@shoal/common';
import type { ProcessSpec } from '../supervise/supervisor.js';
import { sha256 } from './render/file-digest.js';
import type { RenderedService, RenderedStep } from './render/rendered.js';
import type { Applied, NotifyingFiles } from './state.js';

/** What a service's process needs, and why (for people; empty for none). */
export interface ServiceAction {
  readonly action: 'none' | 'start' | 'reload' | 'restart';
  readonly reason: string;
}

/**
 * Decides by state and not by what was done just now: the process is started, reloaded or restarted when it doesn't run with the
 * files and the definition that are wanted. So nothing restarts without need, whoever was interrupted between.
 */
export function decideAction(running: boolean, applied: Applied | undefined, wanted: Applied): ServiceAction {
  if (!running) return { action: 'start', reason: 'it does not run' };
  if (applied !== undefined && applied.definition !== wanted.definition) {
    return { action: 'restart', reason: 'the way it is run changed' };
  }
  const changed = Object.entries(wanted.files).filter(
    ([path, file]) => applied?.files[path]?.digest !== file.digest,
  );
  if (changed.length === 0) return { action: 'none', reason: '' };
  const action = changed.some(([, file]) => file.notify === 'restart') ? 'restart' : 'reload';
  const paths = changed.map(([path]) => path).join(', ');
  return { action, reason: applied === undefined ? `it may run with another ${paths}` : `${paths} changed` };
}

/** What a service's process has to be started or reloaded with. */
export function wantedOf(process: ProcessSpec, files: NotifyingFiles, kind: 'systemd' | 'process'): Applied {
  return { definition: definitionDigest(process, kind), files };
}

/** A unit's definition is systemd's matter; how it is stopped or reloaded is not part of how it runs. */
function definitionDigest(process: ProcessSpec, kind: 'systemd' | 'process'): string {
  const { unit, command, environment, directory } = process;
  const definition = kind === 'systemd' ? { unit } : { command, environment, directory };
  return sha256(canonicalJson(JSON.parse(JSON.stringify(definition))));
}

/** The files of a service whose change asks something of its process. */
export function notifyingFiles(service: RenderedService): NotifyingFiles {
  const files: Record<string, { digest: string; notify: 'reload' | 'restart' }> = {};
  for (const step of service.steps) {
    if (!('notify' in step) || step.notify === null) continue;
    files[step.path] = { digest: contentDigest(step), notify: step.notify };
  }
  return files;
}

/** What changes when the content that a step brings does. */
function contentDigest(step: Extract<RenderedStep, { readonly notify: unknown }>): string {
  switch (step.type) {
    case 'archive':
      return sha256(`${step.sha256 ?? step.source} ${step.strip}`);
    case 'download':
      return step.sha256;
    case 'link':
      return sha256(step.target);
    case 'dropin':
    case 'file':
      return sha256(step.content);
  }
}
