import type { StepDifference } from '@shoal/common';
import { preflight } from './attempt/preflight.js';
import { StepFailed } from './attempt/step-failed.js';
import type { RenderedService } from './render/rendered.js';
import type { CheckOptions } from './steps/check-context.js';
import { checkContext } from './steps/check-context.js';
import type { StepContext } from './steps/handler.js';
import { checkStep } from './steps/run-step.js';

/**
 * What converging to these services would change. Changed files with a validation are validated, on copies that are gone
 * afterwards; what is refused, or can't be checked, is told as a problem.
 */
export async function dryRun(
  services: readonly RenderedService[],
  options: CheckOptions,
): Promise<readonly StepDifference[]> {
  const differences: StepDifference[] = [];
  for (const { name } of options.state.services.toReversed()) {
    if (services.some((service) => service.name === name)) continue;
    differences.push({ service: name, step: 'remove', difference: `stop ${name}; its files are left` });
  }
  for (const service of services) {
    const context = checkContext(service, options);
    for (const step of service.steps) {
      const found = await differenceOf(() => checkStep(step, context));
      if (found !== undefined) differences.push({ service: service.name, step: step.id, ...found });
    }
    const refusal = await refusalOf(context);
    if (refusal !== undefined && !isTold(refusal, differences)) differences.push(refusal);
  }
  return differences;
}

/** A check may have found the same. */
function isTold({ service, step, problem }: StepDifference, differences: readonly StepDifference[]): boolean {
  return differences.some(
    (told) => told.service === service && told.step === step && told.problem === problem,
  );
}

async function differenceOf(
  check: () => Promise<{ holds: boolean; difference: string }>,
): Promise<Pick<StepDifference, 'difference' | 'problem'> | undefined> {
  try {
    const { holds, difference } = await check();
    return holds ? undefined : { difference };
  } catch (thrown) {
    // An attempt checks first, too: it would fail of the same.
    return { problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function refusalOf(context: StepContext): Promise<StepDifference | undefined> {
  try {
    await preflight('check', { ...context, refused: () => {} }, context);
    return undefined;
  } catch (thrown) {
    const { service, step, message, output } = StepFailed.of(
      context.service.name,
      'preflight',
      thrown,
    ).failure;
    return { service, step, problem: output === '' ? message : `${message}\n${output}` };
  }
}
