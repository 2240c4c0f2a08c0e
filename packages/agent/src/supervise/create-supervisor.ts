import type { Redactor } from '@shoal/common';
import type { Clock } from '../converge/clock.js';
import type { RunCommand } from '../converge/command.js';
import type { ConvergerOptions } from '../converge/options.js';
import { ProcessSupervisor } from './process-supervisor.js';
import type { Supervisor, SupervisorListener } from './supervisor.js';
import { SystemdSupervisor } from './systemd-supervisor.js';

/** The supervisor that an agent was configured for. `directory`: where child processes' notes and outputs are kept. */
export function createSupervisor(
  options: Pick<ConvergerOptions, 'supervisor' | 'processTiming'> & { readonly redactor: () => Redactor },
  run: RunCommand,
  clock: Clock,
  directory: string,
  listener: SupervisorListener,
): Supervisor {
  if (options.supervisor === 'systemd') return new SystemdSupervisor(run, listener);
  const { processTiming: timing = {}, redactor } = options;
  return new ProcessSupervisor({ directory, listener, clock, timing, redactor });
}
