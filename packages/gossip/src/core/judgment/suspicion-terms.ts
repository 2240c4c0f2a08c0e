import type { GossipConfig } from '../config.js';
import { suspicionTimeout } from '../formulas.js';

/** How long a suspicion lasts under which circumstances. Times are ms. */
export interface SuspicionTerms {
  /** Confirmations after which it lasts `minMs` for a node that only heard of it; 0 starts there at once. */
  expected: number;
  minMs: number;
  maxMs: number;
  /** Confirmations that make a failed probe of one's own enough for `confirmedMs`; Infinity where none can come. */
  needed: number;
  confirmedMs: number;
  /** From the first refused connection on, while nobody reaches the suspect. Infinity makes nothing of refusals. */
  refusedMs: number;
}

/**
 * The terms in a cluster of `active` nodes. What memberlist knows (the first three) is as there; what own evidence
 * shortens is stretched by the health score of this node, but never beyond that.
 */
export function suspicionTerms(config: GossipConfig, active: number, healthScore: number): SuspicionTerms {
  const others = Math.max(0, active - 2);
  const helpers = config.suspicionMult - 2;
  const minMs = suspicionTimeout(config.suspicionMult, active, config.probeIntervalMs);
  const terms = {
    expected: others < helpers ? 0 : helpers,
    minMs,
    maxMs: minMs * config.suspicionMaxTimeoutMult,
  };
  if (config.judgment === 'memberlist') {
    return {
      ...terms,
      needed: Number.POSITIVE_INFINITY,
      confirmedMs: minMs,
      refusedMs: Number.POSITIVE_INFINITY,
    };
  }
  const doubt = healthScore + 1;
  const confirmedMs = suspicionTimeout(config.confirmedMult, active, config.probeIntervalMs) * doubt;
  const refusedMs = config.refusedRounds * config.gossipIntervalMs * doubt;
  return {
    ...terms,
    // With nobody to confirm, being alone with one's evidence is not enough.
    needed: others === 0 ? Number.POSITIVE_INFINITY : Math.min(Math.max(1, helpers), others),
    confirmedMs: Math.min(minMs, confirmedMs),
    refusedMs: config.refusedRounds === 0 ? Number.POSITIVE_INFINITY : Math.min(minMs, refusedMs),
  };
}
