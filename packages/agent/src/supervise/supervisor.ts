import type { SupervisorKind } from '../converge/converger.js';

/** How one service's process is run here; all templates rendered. */
export interface ProcessSpec {
  readonly service: string;
  /** Working directory of the process. */
  readonly directory: string;
  /** For the systemd supervisor. */
  readonly unit?: string;
  /** For the process supervisor. */
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly reloadSignal?: 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';
  readonly stopSignal: 'SIGTERM' | 'SIGQUIT' | 'SIGINT';
  /** Milliseconds between stopSignal and SIGKILL. */
  readonly stopTimeoutMs: number;
}

/** A service's process, as it is now. */
export interface ProcessStatus {
  readonly state: 'running' | 'stopped' | 'starting' | 'failed';
  /** For people; empty when there is nothing to add. */
  readonly detail: string;
  /** Milliseconds since the epoch; null: not running, or unknown. */
  readonly startedAt: number | null;
  /** Its main process; null: not running, or unknown. */
  readonly pid: number | null;
  /** Times that the process ended unasked since the agent's start. */
  readonly restarts: number;
}

/**
 * Runs the services' processes. `start`, `reload` and `restart` reject with a `StepError` that carries the process's own last
 * words. One call at a time per service.
 */
export interface Supervisor {
  readonly kind: SupervisorKind;
  /** The agent started: takes care of a service in force again. A process that outlived the agent goes on untouched. Never rejects. */
  resume(spec: ProcessSpec): Promise<void>;
  /** Starts the process, or leaves it alone when it runs. Resolves once it stands. */
  start(spec: ProcessSpec): Promise<void>;
  /** Makes the running process take its configuration anew, without interruption where it can. */
  reload(spec: ProcessSpec): Promise<void>;
  restart(spec: ProcessSpec): Promise<void>;
  /** Stops it, gracefully first; nothing happens when it doesn't run. */
  stop(spec: ProcessSpec): Promise<void>;
  status(spec: ProcessSpec): Promise<ProcessStatus>;
  /** The last lines that the process wrote. */
  lastOutput(spec: ProcessSpec): Promise<readonly string[]>;
  /** The agent ends: stops child processes; systemd's units go on. */
  close(): Promise<void>;
}

/** Where a supervisor tells what happens unasked. */
export interface SupervisorListener {
  /** A process started, ended or failed. */
  processChanged(service: string): void;
  /** A line of a child process's own output. */
  processOutput(service: string, line: string): void;
}
