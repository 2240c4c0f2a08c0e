import type { NodeReport, ServiceStatus } from '@shoal/common';
import { everyService } from './drain/drains.js';
import type { ConvergeState } from './state.js';

/** What the converger is doing now. */
export type Phase = 'idle' | 'converging' | 'gating' | 'undoing';

const names = { converging: 'CONVERGING', gating: 'GATING', undoing: 'UNDOING' } as const;

/** The full report. `offered`: hash of what was last offered since the agent's start. */
export function buildReport(
  state: ConvergeState,
  now: {
    readonly phase: Phase;
    readonly convergingHash: string;
    readonly offered: string;
    readonly draining: readonly string[];
    /** Number of the last offer that was dealt with. */
    readonly attempt: number;
  },
  services: ServiceStatus[],
): NodeReport {
  const { running, failed } = state;
  const lastFailed = failed !== null && (now.offered === '' || now.offered === failed.hash);
  return {
    full: true,
    runningHash: running?.hash ?? '',
    runningRevision: running?.revision ?? 0,
    failedHash: failed?.hash ?? '',
    failedRevision: failed?.revision ?? 0,
    failedAttempt: failed?.attempt ?? 0,
    attempt: now.attempt,
    failure: failed?.failure ?? null,
    state: now.phase !== 'idle' ? names[now.phase] : lastFailed ? 'FAILED' : 'IDLE',
    services,
    convergingHash: now.phase === 'idle' ? '' : now.convergingHash,
    draining: now.draining.includes(everyService)
      ? state.services.map(({ name }) => name)
      : [...now.draining],
  };
}
