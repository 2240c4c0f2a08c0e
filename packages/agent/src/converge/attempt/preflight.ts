import { join } from 'node:path';
import type { RenderedFile, RenderedService, RenderedStep, StagedPaths } from '../render/rendered.js';
import type { StepContext } from '../steps/handler.js';
import { lookUpEarly } from '../steps/ownership.js';
import { checkStep } from '../steps/run-step.js';
import { refuseUnsafePaths } from '../steps/safe-path.js';
import { filesOf, stage, unstage, validateFile } from '../steps/staging.js';
import { StepFailed } from './step-failed.js';

/** What a preflight works with. */
export type PreflightContext = Pick<StepContext, 'ask' | 'service' | 'supervisor' | 'directory'> & {
  /** A line of what a refusing program said. */
  readonly refused: (step: string, line: string) => void;
};

/**
 * Before anything of a service is touched: unsafe paths are refused; every file that would change is staged beside its place, then those with a validation are
 * validated, all of them seeing the staged copies of the others. The copies are gone afterwards. Throws StepFailed. A program that
 * isn't installed yet can't refuse: the file step asks it again before the file takes its place. Resolves with the ids of the steps whose files were found good.
 */
export async function preflight(
  purpose: 'staged' | 'check',
  context: PreflightContext,
  checks: StepContext,
): Promise<readonly string[]> {
  const { service } = context;
  const staged: Record<string, string> = {};
  const changed: RenderedFile[] = [];
  for (const step of service.steps) {
    await attributed(service, step, () => refuseUnsafePaths(step, checks.guard));
  }
  try {
    for (const step of filesOf(service)) {
      await attributed(service, step, async () => {
        if ((await checkStep(step, checks)).holds) return;
        changed.push(step);
        const owner = () => lookUpEarly(step, context);
        staged[step.id] = await stage(step, purpose, join(context.directory, service.name), owner);
      });
    }
    const good: string[] = [];
    for (const step of changed) {
      if (await attributed(service, step, () => validate(step, staged, context))) good.push(step.id);
    }
    return good;
  } finally {
    await unstage(Object.values(staged));
  }
}

/** False: nothing validates it, or not yet. */
async function validate(
  step: RenderedFile,
  staged: StagedPaths,
  context: PreflightContext,
): Promise<boolean> {
  if (step.validate === undefined) return false;
  return validateFile(context.service, step, staged, {
    run: context.ask,
    output: (line) => context.refused(step.id, line),
  });
}

async function attributed<T>(
  service: RenderedService,
  step: RenderedStep,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    throw StepFailed.of(service.name, step.id, thrown);
  }
}
