import type { RunCommand } from '../converge/command.js';
import { StepError } from '../converge/step-error.js';
import type { ProcessSpec, ProcessStatus, Supervisor, SupervisorListener } from './supervisor.js';
import type { UnitState } from './systemctl.js';
import { changeUnit, journalOf, showUnit } from './systemctl.js';

/** Runs services as systemd units, which outlive the agent. */
export class SystemdSupervisor implements Supervisor {
  readonly kind = 'systemd';
  readonly #run: RunCommand;
  readonly #listener: SupervisorListener;
  /** systemd's own count of restarts when a unit was first looked at: only those since count. */
  readonly #restartsBefore = new Map<string, number>();

  constructor(run: RunCommand, listener: SupervisorListener) {
    this.#run = run;
    this.#listener = listener;
  }

  /** Units look after themselves; one that somebody stopped stays stopped until a change asks for it. */
  async resume(): Promise<void> {}

  async start(spec: ProcessSpec): Promise<void> {
    await this.#change('start', spec);
  }

  async reload(spec: ProcessSpec): Promise<void> {
    await this.#change('reload-or-restart', spec);
  }

  async restart(spec: ProcessSpec): Promise<void> {
    await this.#change('restart', spec);
  }

  async stop(spec: ProcessSpec): Promise<void> {
    const state = await showUnit(this.#run, unitOf(spec));
    if (state.found && state.active !== 'inactive') await this.#change('stop', spec);
  }

  async status(spec: ProcessSpec): Promise<ProcessStatus> {
    const unit = unitOf(spec);
    const state = await showUnit(this.#run, unit);
    const before = this.#restartsBefore.get(unit) ?? state.restarts;
    this.#restartsBefore.set(unit, before);
    return {
      state: stateName(state),
      detail: state.found ? `${state.active} (${state.sub})` : `there is no unit ${unit}`,
      startedAt: state.activeSince,
      pid: state.mainPid,
      restarts: Math.max(0, state.restarts - before),
    };
  }

  async lastOutput(spec: ProcessSpec): Promise<readonly string[]> {
    return journalOf(this.#run, unitOf(spec));
  }

  async close(): Promise<void> {}

  async #change(verb: string, spec: ProcessSpec): Promise<void> {
    const unit = unitOf(spec);
    if ((await showUnit(this.#run, unit)).needsDaemonReload) await reloadUnits(this.#run);
    await changeUnit(this.#run, verb, unit);
    this.#listener.processChanged(spec.service);
  }
}

/** Makes systemd read changed unit files. */
export async function reloadUnits(run: RunCommand): Promise<void> {
  await run(['systemctl', 'daemon-reload'], { timeoutMs: 60_000 });
}

function unitOf(spec: ProcessSpec): string {
  if (spec.unit !== undefined) return spec.unit;
  throw new StepError(`service ${spec.service} has no unit for the systemd supervisor`);
}

function stateName(state: UnitState): ProcessStatus['state'] {
  if (state.active === 'active' || state.active === 'reloading') return 'running';
  if (state.active === 'activating') return 'starting';
  return state.active === 'failed' ? 'failed' : 'stopped';
}
