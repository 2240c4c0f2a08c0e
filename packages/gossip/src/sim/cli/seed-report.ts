import { type ChaosResult, playChaos } from '../chaos/chaos.js';
import type { ChaosSize } from '../chaos/plan.js';
import { formatViolation, type Violation } from '../invariants/violation.js';

/** What came of one seed, as plain data that a thread can hand over. */
export interface SeedReport {
  readonly seed: number;
  /** Each in one line; at most as many as people read. */
  readonly violations: readonly string[];
  readonly violated: number;
  /** Lines of the trace around the first violation. */
  readonly trace: readonly string[];
  readonly faults: number;
  readonly packets: number;
  readonly virtualMs: number;
  readonly convergedMs: number;
  /** Crashes followed, and the longest time from a crash to the last verdict. */
  readonly deaths: number;
  readonly slowestDeathMs: number;
  readonly fingerprint: number;
}

const MAX_VIOLATIONS = 10;

/** Lines before a violation that tell how it came about. */
const TRACE_LINES = 60;

/** Plays one seed. A run that throws is a violation too, for it ends without a verdict. */
export function playSeed(seed: number, size: ChaosSize, deathMs?: number): SeedReport {
  try {
    return reportOf(playChaos(seed, { ...size, ...(deathMs !== undefined && { bounds: { deathMs } }) }));
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const nothing = { faults: 0, packets: 0, virtualMs: 0, convergedMs: 0, fingerprint: 0 };
    return { seed, violations: [text], violated: 1, trace: [], ...nothing, deaths: 0, slowestDeathMs: 0 };
  }
}

function reportOf(result: ChaosResult): SeedReport {
  const { seed, violations, faults, packets, virtualMs, convergedMs, detections, fingerprint } = result;
  const [first] = violations;
  return {
    seed,
    violations: violations.slice(0, MAX_VIOLATIONS).map(formatViolation),
    violated: violations.length,
    trace: first ? result.trace.lines(around(first)) : [],
    ...{ faults, packets, virtualMs, convergedMs, fingerprint },
    deaths: detections.length,
    slowestDeathMs: Math.max(0, ...detections.map((detection) => detection.lastMs ?? 0)),
  };
}

function around({ at, observer, subject }: Violation): {
  nodes: string[];
  until: number;
  last: number;
} {
  return { nodes: [observer, subject].flatMap((name) => name ?? []), until: at, last: TRACE_LINES };
}
