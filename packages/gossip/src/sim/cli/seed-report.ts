import { type ChaosResult, playChaos } from '../chaos/chaos.js';
import type { ChaosSize } from '../chaos/plan.js';
import { knownByAllMs } from '../invariants/deaths.js';
import { formatViolation } from '../invariants/violation.js';

/** What came of one seed, as plain data that a thread can hand over. */
export interface SeedReport {
  readonly seed: number;
  /** Each in one line; at most as many as people read. */
  readonly violations: readonly string[];
  readonly violated: number;
  /** Lines of the trace before the first violation. */
  readonly trace: readonly string[];
  readonly faults: number;
  readonly packets: number;
  readonly virtualMs: number;
  readonly convergedMs: number;
  /** Crashes followed until the bound. */
  readonly deaths: number;
  /** Of those crashes that all members knew of within the bound: the time that it took, virtual ms. */
  readonly knownAfterMs: readonly number[];
  readonly deathBoundMs: number;
  readonly fingerprint: number;
}

const MAX_VIOLATIONS = 10;

/** Plays one seed. A run that throws is a violation too, for it ends without a verdict. */
export function playSeed(seed: number, size: ChaosSize, deathMs?: number): SeedReport {
  try {
    return reportOf(playChaos(seed, { ...size, ...(deathMs !== undefined && { bounds: { deathMs } }) }));
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const nothing = { faults: 0, packets: 0, virtualMs: 0, convergedMs: 0, fingerprint: 0 };
    const noDeaths = { deaths: 0, knownAfterMs: [], deathBoundMs: 0 };
    return { seed, violations: [text], violated: 1, trace: [], ...nothing, ...noDeaths };
  }
}

function reportOf(result: ChaosResult): SeedReport {
  const { seed, violations, faults, packets, virtualMs, convergedMs, detections, fingerprint } = result;
  return {
    seed,
    violations: violations.slice(0, MAX_VIOLATIONS).map(formatViolation),
    violated: violations.length,
    trace: result.beforeViolation,
    ...{ faults, packets, virtualMs, convergedMs, fingerprint },
    deaths: detections.length,
    knownAfterMs: detections.flatMap((detection) => knownByAllMs(detection) ?? []),
    deathBoundMs: result.bounds.deathMs,
  };
}
