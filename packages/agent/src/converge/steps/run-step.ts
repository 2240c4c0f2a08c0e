import type { RenderedStep } from '../render/rendered.js';
import type { StepCheck, StepContext, UndoContext } from './handler.js';
import type { UndoRecord } from './index.js';
import { handlerOf } from './index.js';
import { withinTime } from './limit.js';
import { refuseUnsafePaths } from './safe-path.js';

/** Looks whether a step holds, within its time. Rejects with a StepError, for an unsafe path too. */
export async function checkStep(step: RenderedStep, context: StepContext): Promise<StepCheck> {
  await refuseUnsafePaths(step, context.guard);
  return withinTime(step.timeoutMs, context, (limited) => handlerOf(step.type).check(step, limited));
}

/** What undoing a step will need. */
export function prepareStep(step: RenderedStep, context: StepContext): Promise<UndoRecord> {
  return withinTime(step.timeoutMs, context, (limited) => handlerOf(step.type).prepareUndo(step, limited));
}

/** Makes a step hold, within its time. Resolves with what was done. */
export function applyStep(step: RenderedStep, context: StepContext): Promise<string> {
  return withinTime(step.timeoutMs, context, (limited) => handlerOf(step.type).apply(step, limited));
}

/** Undoes a step, within its time. Resolves with what was done. */
export function undoStep(
  begun: { readonly type: RenderedStep['type']; readonly undo: UndoRecord; readonly timeoutMs?: number },
  context: UndoContext,
): Promise<string> {
  return withinTime(begun.timeoutMs, context, (limited) => handlerOf(begun.type).undo(begun.undo, limited));
}
