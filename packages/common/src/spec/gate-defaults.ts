import type { RolloutGate } from './spec.js';

/** What holds of a gate where the spec says nothing. How long a service is watched depends on whether it is drained: `drainedObserveMs`, else not at all. */
export const gateDefaults: Required<Omit<RolloutGate, 'observe'>> & { readonly drainedObserveMs: number } = {
  maxErrorRateIncrease: 0.01,
  maxLatencyIncrease: 0.5,
  minRequests: 20,
  drainedObserveMs: 5000,
};
