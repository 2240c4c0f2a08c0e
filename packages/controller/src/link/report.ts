import type {
  DriftView,
  FailureView,
  GossipKeyState,
  NodeLeaseView,
  NodeReport__Output,
  ServiceStatusView,
  StepFailure__Output,
} from '@shoal/common';

/** What is true on a node, as its agent measured it last. Times are ms since the epoch. */
export interface MeasuredState {
  /** Empty: nothing yet. */
  readonly runningHash: string;
  readonly runningRevision: number;
  readonly failed: {
    readonly hash: string;
    readonly revision: number;
    /** Number of the offer that failed; absent or 0: its agent doesn't count, or version 0.1 stored it. */
    readonly attempt?: number;
    readonly failure: FailureView;
  } | null;
  readonly state: 'unknown' | 'idle' | 'converging' | 'gating' | 'undoing' | 'failed';
  readonly convergingHash: string;
  /** Number of the last offer that the agent dealt with; absent: it doesn't count them, or version 0.1 stored it. */
  readonly attempt?: number;
  readonly services: readonly ServiceStatusView[];
  /** Absent in what versions stored that didn't know it; null: not reported. */
  readonly gossipKeys?: GossipKeyState | null;
  /** Services that the node keeps requests away from. Absent in what versions stored that didn't know it. */
  readonly draining?: readonly string[];
  /** Absent in what versions stored that didn't know it. */
  readonly drifts?: readonly DriftView[];
  /** Absent in what versions stored that didn't know it; null: its agent doesn't say. */
  readonly lease?: NodeLeaseView | null;
}

const states: Readonly<Record<string, MeasuredState['state']>> = {
  IDLE: 'idle',
  CONVERGING: 'converging',
  GATING: 'gating',
  UNDOING: 'undoing',
  FAILED: 'failed',
};

/** Longest failure output that is kept, in characters. */
const longestOutput = 16_384;

function failureOf(report: NodeReport__Output): MeasuredState['failed'] {
  if (report.failedHash === '') return null;
  const { failedHash: hash, failedRevision: revision, failedAttempt: attempt } = report;
  return { hash, revision, attempt, failure: failureView(report.failure) };
}

/** An agent's failure as the operations show it; null: it didn't say. */
export function failureView(failure: StepFailure__Output | null): FailureView {
  const { service = '', step = '', message = '', output = '', undone = false, untouched } = failure ?? {};
  const told = { service, step, message, output: output.slice(-longestOutput), undone };
  return untouched === true ? { ...told, untouched } : told;
}

/** What is kept of one node's drifts; an agent tells less. */
const mostDrifts = 500;
const longestDifference = 20_000;
const driftStates = ['left', 'repairing', 'failed', 'flapping'] as const;

/** Undefined: the agent doesn't say. */
function driftsOf({ drifts }: NodeReport__Output): DriftView[] | undefined {
  return drifts?.found.slice(0, mostDrifts).map((drift) => ({
    service: drift.service,
    step: drift.step,
    since: drift.sinceMs,
    difference: drift.difference.slice(0, longestDifference),
    policy: drift.policy === 'repair' ? 'repair' : 'report',
    state: driftStates.find((state) => state === drift.state) ?? 'left',
    detail: drift.detail.slice(0, longestOutput),
    retryAt: drift.retryAtMs === 0 ? null : drift.retryAtMs,
  }));
}

const fingerprint = /^[0-9a-f]{16}$/;
/** Keys of one node that are looked at; no ring has as many. */
const mostKeys = 16;

function gossipKeysOf({ gossipKeys }: NodeReport__Output): GossipKeyState | null {
  if (gossipKeys == null || !fingerprint.test(gossipKeys.primary)) return null;
  const held = gossipKeys.held.filter((key) => fingerprint.test(key)).slice(0, mostKeys);
  return { primary: gossipKeys.primary, held };
}

const leaseStates = ['active', 'warning', 'expired', 'degraded', 'restored'] as const;

function leaseOf({ lease }: NodeReport__Output): NodeLeaseView | null {
  const state = leaseStates.find((known) => known === lease?.state);
  if (lease == null || state === undefined) return null;
  const { tier, expiresAtMs } = lease;
  return { tier: tier.slice(0, 32), state, expiresAt: expiresAtMs === 0 ? null : expiresAtMs };
}

function servicesOf(report: NodeReport__Output): ServiceStatusView[] {
  return report.services.map(({ service, process, health, detail, startedAtMs, restarts }) => ({
    service,
    process,
    health,
    detail,
    startedAt: startedAtMs === 0 ? null : startedAtMs,
    restarts,
  }));
}

/**
 * The measured state after a report. A full report replaces what was known; of another one the parts that are there do: `state` (with it
 * `convergingHash` and `draining`), `services`, `gossipKeys`, `drifts`, `lease`, `runningHash`, `failedHash`.
 */
export function mergeReport(known: MeasuredState | null, report: NodeReport__Output): MeasuredState {
  const state = states[report.state];
  const attempt = report.attempt ?? known?.attempt;
  const dealtWith = attempt === undefined ? {} : { attempt };
  if (report.full || known === null) {
    return {
      ...dealtWith,
      runningHash: report.runningHash,
      runningRevision: report.runningRevision,
      failed: failureOf(report),
      state: state ?? 'unknown',
      convergingHash: report.convergingHash,
      services: servicesOf(report),
      gossipKeys: gossipKeysOf(report),
      draining: report.draining,
      drifts: driftsOf(report) ?? [],
      lease: leaseOf(report),
    };
  }
  const hasRunning = report.runningHash !== '';
  return {
    ...dealtWith,
    runningHash: hasRunning ? report.runningHash : known.runningHash,
    runningRevision: hasRunning ? report.runningRevision : known.runningRevision,
    failed: failureOf(report) ?? known.failed,
    state: state ?? known.state,
    convergingHash: state === undefined ? known.convergingHash : report.convergingHash,
    services: report.services.length > 0 ? servicesOf(report) : known.services,
    gossipKeys: gossipKeysOf(report) ?? known.gossipKeys ?? null,
    draining: state === undefined ? (known.draining ?? []) : report.draining,
    drifts: driftsOf(report) ?? known.drifts ?? [],
    lease: leaseOf(report) ?? known.lease ?? null,
  };
}

/** False while the agent is at work on a manifest. */
export function isSettled(state: MeasuredState): boolean {
  return state.state !== 'converging' && state.state !== 'gating' && state.state !== 'undoing';
}

/** True unless a service of the node is known to be ill. */
export function isHealthy(measured: MeasuredState | null): boolean {
  return !(measured?.services ?? []).some(
    ({ health, process }) => health === 'unhealthy' || process === 'failed',
  );
}

/** What to do about a node's manifest. */
export type OfferDecision =
  | { readonly offer: false }
  | { readonly offer: true; readonly retryFailed: boolean };

/**
 * Whether a node is to be offered what it shall be: not when it runs it (unless a failure at an earlier revision is still noted there) or is at work on it, and not when it failed there at this attempt or a
 * later one. That it failed at an earlier attempt is no reason: it was asked for again since; and where that failure couldn't be undone, it is offered what it runs as well, to be
 * mended by it. Agents that don't count attempts tell by the revision.
 * `isOutstanding`: an earlier offer is on its way that the agent didn't deal with yet; another one must follow it.
 */
export function decideOffer(
  desired: { readonly hash: string; readonly revision: number; readonly attempt: number },
  measured: MeasuredState,
  isOutstanding: boolean = false,
): OfferDecision {
  const { convergingHash, failed, runningHash } = measured;
  if (!isSettled(measured) && !isOutstanding && convergingHash === desired.hash) return { offer: false };
  const failedIt = failed !== null && failed.hash === desired.hash;
  if (failedIt && isThisAttempt(failed, desired)) return { offer: false };
  const elsewhere =
    isOutstanding || (!isSettled(measured) && convergingHash !== '' && convergingHash !== desired.hash);
  // It went back to what runs: the offer tells the agent that its failure at an earlier revision is over.
  const failureIsOver = failed !== null && failed.revision < desired.revision;
  const isHalfUndone = failed !== null && !failed.failure.undone && !isThisAttempt(failed, desired);
  if (runningHash === desired.hash && !elsewhere && !failureIsOver && !isHalfUndone) return { offer: false };
  return { offer: true, retryFailed: failedIt };
}

function isThisAttempt(
  { attempt = 0, revision }: NonNullable<MeasuredState['failed']>,
  desired: { readonly revision: number; readonly attempt: number },
): boolean {
  return attempt > 0 ? attempt >= desired.attempt : revision >= desired.revision;
}
