import type { ProcessSpec } from '../../supervise/supervisor.js';
import type { RenderedServiceStep } from '../render/rendered.js';
import type { ServiceAction } from '../service-action.js';
import { decideAction, notifyingFiles, wantedOf } from '../service-action.js';
import type { Applied } from '../state.js';
import type { StepContext, StepHandler } from './handler.js';
import { holds, mustRun } from './handler.js';

/** The process is put back when the files are: by the attempt, after all other steps were undone. */
export interface ServiceUndo {
  readonly process: ProcessSpec;
}

const validateTimeoutMs = 60_000;

/** The service's process runs with the files that are on disk. */
export const serviceHandler: StepHandler<RenderedServiceStep, ServiceUndo> = {
  async check(_step, context) {
    const { action, reason } = await actionOf(context);
    if (action === 'none') return holds;
    return { holds: false, difference: `${action} ${context.service.name}: ${reason}` };
  },

  async prepareUndo(_step, context) {
    return { process: context.service.process };
  },

  async apply(step, context) {
    if (step.validate !== undefined) {
      await mustRun(context.run, step.validate, { timeoutMs: validateTimeoutMs });
    }
    const { action } = await actionOf(context);
    if (action !== 'none') await context.supervisor[action](context.service.process);
    await context.saveApplied(wanted(context));
    return { none: 'nothing to do', start: 'started', reload: 'reloaded', restart: 'restarted' }[action];
  },

  async undo() {
    return 'left to the end of the undoing';
  },
};

async function actionOf(context: StepContext): Promise<ServiceAction> {
  const status = await context.supervisor.status(context.service.process);
  return decideAction(status.state === 'running', context.applied, wanted(context));
}

function wanted(context: StepContext): Applied {
  const { process } = context.service;
  return wantedOf(process, notifyingFiles(context.service), context.supervisor.kind);
}
