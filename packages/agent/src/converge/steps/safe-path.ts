import { readlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { RenderedStep } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import { statOf } from './disk.js';

/** What the steps of one service must keep off. */
export interface PathGuard {
  /** The agent's data directory: keys, state and journal. */
  readonly dataDir: string;
  /** The service's own directory below it, which is free for its steps. */
  readonly own: string;
}

/** They show what the kernel holds: nothing that is made there is a file. */
const kernelTrees = ['/proc', '/sys', '/dev'];
/** As many as the kernel follows. */
const mostLinks = 40;

/**
 * Throws a StepError when a step would touch what isn't its matter: something in the kernel's trees or the agent's own data, or
 * something beyond a symbolic link that somebody else than root and the agent's user put on the way.
 */
export async function refuseUnsafePaths(step: RenderedStep, guard: PathGuard): Promise<void> {
  for (const path of pathsOf(step)) await refuseUnsafe(path, guard);
}

/** The paths that a step makes or reads as the agent's user. */
function pathsOf(step: RenderedStep): readonly string[] {
  if (step.type === 'archive') return [step.source, step.path];
  return 'path' in step ? [step.path] : [];
}

async function refuseUnsafe(path: string, { dataDir, own }: PathGuard): Promise<void> {
  const real = join(await resolveDirectory(dirname(path), path), basename(path));
  const data = await resolveDirectory(dataDir, path);
  const free = join(data, relative(dataDir, own));
  for (const found of new Set([path, real])) {
    const reached = found === path ? path : `${path} is ${found}, which`;
    const tree = kernelTrees.find((root) => isWithin(found, root));
    if (tree !== undefined) throw new StepError(`unsafe path: ${reached} lies in ${tree}`);
    const within = [dataDir, data].some((directory) => isWithin(found, directory));
    if (within && !isWithin(found, own) && !isWithin(found, free)) {
      throw new StepError(`unsafe path: ${reached} lies in the agent's own data directory ${dataDir}`);
    }
  }
}

/**
 * Where a directory really is: links followed one by one, as far as it exists. Throws a StepError at a link whose owner could lead the agent
 * anywhere; `path` is named in it.
 */
export async function resolveDirectory(directory: string, path: string): Promise<string> {
  const own = process.getuid?.();
  const rest = parts(directory);
  let at = '/';
  for (let links = 0; ; ) {
    const part = rest.shift();
    if (part === undefined) return at;
    const next = part === '..' ? dirname(at) : join(at, part);
    const stat = await statOf(next);
    if (!stat?.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (stat.uid !== 0 && stat.uid !== own) {
      throw new StepError(
        `unsafe path: ${path} leads through the link ${next} of another user (id ${stat.uid})`,
      );
    }
    if (++links > mostLinks) throw new StepError(`unsafe path: ${path} leads through too many links`);
    const target = await readlink(next);
    rest.unshift(...parts(target));
    if (target.startsWith('/')) at = '/';
  }
}

/** Whether a path is a directory or lies below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : `${directory}${sep}`);
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
