import { type GatePolicy, parseDuration, type RolloutGate } from '@shoal/common';

/** The spec's gate as an offer carries it; what isn't given is left to the agent. */
export function gateOf({
  observe,
  maxErrorRateIncrease,
  maxLatencyIncrease,
  minRequests,
}: RolloutGate): GatePolicy {
  return {
    ...(observe === undefined ? {} : { observeMs: parseDuration(observe) }),
    ...(maxErrorRateIncrease === undefined ? {} : { maxErrorRateIncrease }),
    ...(maxLatencyIncrease === undefined ? {} : { maxLatencyIncrease }),
    ...(minRequests === undefined ? {} : { minRequests }),
  };
}
