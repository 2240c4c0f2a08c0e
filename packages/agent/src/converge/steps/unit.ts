import type { UnitState } from '../../supervise/systemctl.js';
import { changeUnit, showUnit } from '../../supervise/systemctl.js';
import { reloadUnits } from '../../supervise/systemd-supervisor.js';
import type { RenderedUnit } from '../render/rendered.js';
import { StepError } from '../step-error.js';
import type { StepHandler, UndoContext } from './handler.js';
import { holds } from './handler.js';

export interface UnitUndo {
  readonly unit: string;
  /** What to put back; null: this step doesn't touch it. */
  readonly enabled: boolean | null;
  readonly active: boolean | null;
}

/** A systemd unit is enabled or not, started or not. */
export const unitHandler: StepHandler<RenderedUnit, UnitUndo> = {
  async check(step, context) {
    const state = await showUnit(context.ask, step.unit);
    const changes = changesTo(step, state);
    if (changes.length === 0) return holds;
    const now = state.found ? `${state.file || 'no unit file'}, ${state.active}` : 'unknown to systemd';
    return { holds: false, difference: `${step.unit} (${now}): ${changes.join(', ')}` };
  },

  async prepareUndo(step, context) {
    const state = await showUnit(context.ask, step.unit);
    return {
      unit: step.unit,
      enabled: step.enabled === undefined ? null : isEnabled(state),
      active: step.state === undefined ? null : isActive(state),
    };
  },

  async apply(step, context) {
    const state = await showUnit(context.ask, step.unit);
    if (state.needsDaemonReload || !state.found) await reloadUnits(context.ask);
    if (state.file === 'masked') throw new StepError(`${step.unit} is masked: systemctl unmask ${step.unit}`);
    const changes = changesTo(step, state);
    for (const verb of changes) await changeUnit(context.run, verb, step.unit);
    return `${step.unit}: ${changes.join(', ')}`;
  },

  undo: undoUnit,
};

async function undoUnit(undo: UnitUndo, context: UndoContext): Promise<string> {
  const { unit, enabled, active } = undo;
  const state = await showUnit(context.ask, unit);
  if (!state.found) return `${unit} is gone`;
  const wanted = {
    ...(enabled === null ? {} : { enabled }),
    ...(active === null ? {} : { state: active ? ('started' as const) : ('stopped' as const) }),
  };
  const changes = changesTo(wanted, state);
  for (const verb of changes) await changeUnit(context.run, verb, unit);
  return changes.length === 0 ? `${unit} is as it was` : `${unit}: ${changes.join(', ')}`;
}

/** systemctl's verbs that bring the unit to what is wanted. */
function changesTo(wanted: Pick<RenderedUnit, 'enabled' | 'state'>, state: UnitState): readonly string[] {
  const verbs: string[] = [];
  if (wanted.enabled !== undefined && wanted.enabled !== isEnabled(state)) {
    verbs.push(wanted.enabled ? 'enable' : 'disable');
  }
  if (wanted.state === 'started' && !isActive(state)) verbs.push('start');
  if (wanted.state === 'stopped' && isActive(state)) verbs.push('stop');
  return verbs;
}

/** A static or generated unit can't be enabled and needn't be. */
function isEnabled(state: UnitState): boolean {
  return ['enabled', 'static', 'indirect', 'generated', 'alias', 'transient'].includes(state.file);
}

function isActive(state: UnitState): boolean {
  return ['active', 'reloading', 'activating'].includes(state.active);
}
