// Original file: shoal/v1/link.proto


/**
 * What the traffic of a changed service may look like, compared with that before the change.
 */
export interface GatePolicy {
  /**
   * How long traffic is watched, milliseconds. Default: 5000 for services that are drained, else 0 (it isn't).
   */
  'observeMs'?: (number);
  /**
   * Share of failed requests (answered 5xx, or not at all) that may be added to that before. Default 0.01.
   */
  'maxErrorRateIncrease'?: (number | string);
  /**
   * Part of the 95th percentile of the time to answer that may be added to that before: 0.5 allows half as much again. Default 0.5.
   */
  'maxLatencyIncrease'?: (number | string);
  /**
   * Fewer requests than that are no evidence. Default 20.
   */
  'minRequests'?: (number);
  '_observeMs'?: "observeMs";
  '_maxErrorRateIncrease'?: "maxErrorRateIncrease";
  '_maxLatencyIncrease'?: "maxLatencyIncrease";
  '_minRequests'?: "minRequests";
}

/**
 * What the traffic of a changed service may look like, compared with that before the change.
 */
export interface GatePolicy__Output {
  /**
   * How long traffic is watched, milliseconds. Default: 5000 for services that are drained, else 0 (it isn't).
   */
  'observeMs'?: (number);
  /**
   * Share of failed requests (answered 5xx, or not at all) that may be added to that before. Default 0.01.
   */
  'maxErrorRateIncrease'?: (number);
  /**
   * Part of the 95th percentile of the time to answer that may be added to that before: 0.5 allows half as much again. Default 0.5.
   */
  'maxLatencyIncrease'?: (number);
  /**
   * Fewer requests than that are no evidence. Default 20.
   */
  'minRequests'?: (number);
  '_observeMs'?: "observeMs";
  '_maxErrorRateIncrease'?: "maxErrorRateIncrease";
  '_maxLatencyIncrease'?: "maxLatencyIncrease";
  '_minRequests'?: "minRequests";
}
