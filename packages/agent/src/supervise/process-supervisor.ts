import type { Redactor } from '@shoal/common';
import type { Clock } from '../converge/clock.js';
import { systemClock } from '../converge/clock.js';
import { defaultBackoff } from './backoff.js';
import { noteOf, readNote } from './launch.js';
import { isAlive } from './proc-stat.js';
import type { ProcessTiming } from './supervised-process.js';
import { SupervisedProcess } from './supervised-process.js';
import type { ProcessSpec, ProcessStatus, Supervisor, SupervisorListener } from './supervisor.js';

export interface ProcessSupervisorOptions {
  /** Where pid notes and output files are kept. */
  readonly directory: string;
  readonly listener: SupervisorListener;
  readonly clock?: Clock;
  readonly timing?: Partial<ProcessTiming>;
  /** Knows the secrets, so that no line is taken apart in the midst of one. Default: none is known. */
  readonly redactor?: () => Redactor;
}

/** Runs services as child processes of the agent, as the agent's own user. */
export class ProcessSupervisor implements Supervisor {
  readonly kind = 'process';
  readonly #options: ProcessSupervisorOptions;
  readonly #processes = new Map<string, { process: SupervisedProcess; spec: ProcessSpec }>();

  constructor(options: ProcessSupervisorOptions) {
    this.#options = options;
  }

  async resume(spec: ProcessSpec): Promise<void> {
    await this.#processOf(spec).resume(spec);
  }

  async start(spec: ProcessSpec): Promise<void> {
    await this.#processOf(spec).start(spec);
  }

  async reload(spec: ProcessSpec): Promise<void> {
    await this.#processOf(spec).reload(spec);
  }

  async restart(spec: ProcessSpec): Promise<void> {
    await this.#processOf(spec).restart(spec);
  }

  async stop(spec: ProcessSpec): Promise<void> {
    const process = this.#processOf(spec);
    await process.stop(spec);
    process.close();
    this.#processes.delete(spec.service);
  }

  async status(spec: ProcessSpec): Promise<ProcessStatus> {
    const known = this.#processes.get(spec.service)?.process;
    if (known !== undefined) return known.status();
    // A process that was started by an attempt which never ended isn't in force, so nobody resumed it.
    const left = readNote(noteOf(this.#options.directory, spec.service));
    if (left === undefined || !isAlive(left)) {
      return { state: 'stopped', detail: '', startedAt: null, pid: null, restarts: 0 };
    }
    const process = this.#processOf(spec);
    process.adopt(spec);
    return process.status();
  }

  async lastOutput(spec: ProcessSpec): Promise<readonly string[]> {
    return this.#processes.get(spec.service)?.process.recent() ?? [];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].map(({ spec }) => this.stop(spec)));
  }

  #processOf(spec: ProcessSpec): SupervisedProcess {
    const known = this.#processes.get(spec.service);
    const process = known?.process ?? this.#create(spec.service);
    this.#processes.set(spec.service, { process, spec });
    return process;
  }

  #create(service: string): SupervisedProcess {
    const timing = { ...defaultBackoff, settleMs: 300, pollMs: 1000, ...this.#options.timing };
    const { clock = systemClock, listener, directory, redactor } = this.#options;
    return new SupervisedProcess(service, directory, { clock, timing, listener, redactor });
  }
}
