import { readFile, readlink } from 'node:fs/promises';
import { sha256 } from '../render/file-digest.js';
import type { RenderedService, RenderedStep } from '../render/rendered.js';
import type { ConvergeState, StateFile } from '../state.js';
import { checksumOf } from '../steps/checksum.js';
import type { AttemptBegin } from './journal.js';

/** In force as it is rendered now: then it passed a gate with just this. */
export function isInForce(service: RenderedService, state: ConvergeState): boolean {
  return state.services.some(({ name, digest }) => name === service.name && digest === service.digest);
}

/**
 * The service with those of its steps that the attempt is about. A repair is about the steps that drifted, and about the process, which has to run with
 * what they put back; other steps that don't hold are left as they are.
 */
export function askedOf(
  service: RenderedService,
  begin: AttemptBegin,
  state: ConvergeState,
): RenderedService {
  const drifted = begin.purpose === 'repair' ? begin.drifted?.[service.name] : undefined;
  if (drifted === undefined || !isInForce(service, state)) return service;
  const steps = service.steps.filter(({ id, type }) => type === 'service' || drifted.includes(id));
  return { ...service, steps };
}

/**
 * Before a file, or what else the process reads, takes its place: when what is there isn't what the process was last started or reloaded with, somebody
 * changed it, and maybe had the process take it. What the process runs with isn't known then, so it is made to take it anew.
 */
export async function forgetIfDrifted(step: RenderedStep, service: string, state: StateFile): Promise<void> {
  if (!('notify' in step) || step.notify === null) return;
  const applied = state.current.applied[service];
  const known = applied?.files[step.path];
  if (applied === undefined || known === undefined) return;
  if ((await digestThere(step)) === known.digest) return;
  const { [step.path]: _, ...files } = applied.files;
  await state.update({ applied: { ...state.current.applied, [service]: { ...applied, files } } });
}

/** The digest of what is in the step's place, as `notifyingFiles` makes it; undefined: nothing, or it can't be told. */
async function digestThere(
  step: Extract<RenderedStep, { readonly notify: unknown }>,
): Promise<string | undefined> {
  try {
    switch (step.type) {
      case 'file':
      case 'dropin':
        return sha256(await readFile(step.path, 'utf8'));
      case 'link':
        return sha256(await readlink(step.path));
      case 'download':
        return await checksumOf(step.path);
      case 'archive':
        return undefined;
    }
  } catch {
    return undefined;
  }
}
