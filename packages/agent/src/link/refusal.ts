import type { NodeReport, StepEvent } from '@shoal/common';

/** An offer that was never begun: its manifest can't be trusted, or the node has no lease. */
export interface Refusal {
  readonly hash: string;
  readonly revision: number;
  readonly attempt: number;
  readonly message: string;
  /** Under which it is reported, as no step of the manifest's own was reached: `signature`, `lease`. */
  readonly step: string;
}

/** The report with a refused offer as what failed last: the controller need not wait for a deadline to learn of it. */
export function withRefusal(report: NodeReport, refusal: Refusal | undefined): NodeReport {
  if (refusal === undefined) return report;
  return {
    ...report,
    failedHash: refusal.hash,
    failedRevision: refusal.revision,
    failure: {
      service: '',
      step: refusal.step,
      message: refusal.message,
      output: '',
      undone: true,
      untouched: true,
    },
    failedAttempt: refusal.attempt,
    attempt: refusal.attempt,
    ...(report.state === 'IDLE' ? { state: 'FAILED' as const } : {}),
  };
}

/** The refusal for those who follow the rollout live. */
export function refusalEvent(refusal: Refusal, at: number): StepEvent {
  const { revision, hash, message, step } = refusal;
  return { revision, hash, service: '', step, kind: 'failed', text: message, atMs: at };
}
