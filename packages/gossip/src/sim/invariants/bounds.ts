import { pushPullInterval, retransmitLimit, suspicionTimeout } from '../../core/formulas.js';
import type { GossipConfig } from '../../core/index.js';

/** How long things may take at most, in virtual ms. */
export interface Bounds {
  /** A suspicion that nobody confirms. */
  readonly suspicionMs: number;
  /** From a crash until all who can hear of it know. */
  readonly deathMs: number;
  /** After a disturbance, until its verdicts and refutations are through. */
  readonly graceMs: number;
  /** From the end of all faults until all views are the truth. */
  readonly convergeMs: number;
}

/**
 * Probe intervals after which each running node has been probed by somebody, for certain enough: in SWIM's random
 * order nobody probes a node for t intervals with a probability of about e^-t, here 2 in 10^9.
 */
const FIRST_PROBE_INTERVALS = 20;

/** Intervals of rejoining that a lost node or half of a cluster may need; each reaches some peer with e^-3 or better. */
const REJOIN_INTERVALS = 3;

/** The bounds that follow from the parameters for a cluster of so many nodes. */
export function boundsFor(config: GossipConfig, nodes: number): Bounds {
  const { probeIntervalMs, suspicionMult, suspicionMaxTimeoutMult, awarenessMax } = config;
  const suspicionMs = suspicionTimeout(suspicionMult, nodes, probeIntervalMs) * suspicionMaxTimeoutMult;
  // Twice: the accusation spreads, and the verdict.
  const spreadMs = 2 * config.gossipIntervalMs * retransmitLimit(config.retransmitMult, nodes);
  const probeMs = (FIRST_PROBE_INTERVALS + awarenessMax) * probeIntervalMs;
  const deathMs = probeMs + suspicionMs + spreadMs;
  const syncMs = pushPullInterval(config.pushPullIntervalMs, nodes) + config.streamTimeoutMs;
  return {
    suspicionMs,
    deathMs,
    graceMs: suspicionMs + spreadMs,
    convergeMs: deathMs + REJOIN_INTERVALS * config.rejoinIntervalMs + syncMs,
  };
}
