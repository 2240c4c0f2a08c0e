import { join } from 'node:path';

/** Where the converger keeps what is its own, below the agent's data directory. */
export interface ConvergePaths {
  readonly state: string;
  /** The attempt under way: journal and backups. */
  readonly attempt: string;
  /** The last attempt that couldn't be undone as a whole; kept for people. */
  readonly unfinished: string;
  /** Staged copies of dry runs, for files whose directory isn't there yet. */
  readonly dryRun: string;
  /** Pid notes and outputs of child processes. */
  readonly run: string;
  /** What drifted, and since when. */
  readonly drift: string;
  /** A service's own directory: `{{ service.directory }}`. */
  service(name: string): string;
}

export function convergePaths(dataDir: string): ConvergePaths {
  const own = join(dataDir, 'converge');
  return {
    state: join(own, 'state.json'),
    attempt: join(own, 'attempt'),
    unfinished: join(own, 'unfinished'),
    dryRun: join(own, 'dry-run'),
    run: join(dataDir, 'run'),
    drift: join(own, 'drift.json'),
    service: (name) => join(dataDir, 'services', name),
  };
}
