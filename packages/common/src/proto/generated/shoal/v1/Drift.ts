// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A step that held when its manifest was converged, and doesn't any more.
 */
export interface Drift {
  'service'?: (string);
  /**
   * Id of the step in the manifest.
   */
  'step'?: (string);
  /**
   * Milliseconds since the epoch at which this agent's process first saw it.
   */
  'sinceMs'?: (number | string | Long);
  /**
   * From what is there to what shall be, for people: a unified diff for files, without their content where group or others may not read them.
   */
  'difference'?: (string);
  /**
   * The service's policy: `report`, `repair`.
   */
  'policy'?: (string);
  /**
   * `left`: nothing is done about it; `repairing`: its repair waits or is under way; `failed`: a repair failed, it is tried again at
   * `retry_at_ms`; `flapping`: it came back after each of three repairs within 10 minutes, and is left.
   */
  'state'?: (string);
  /**
   * Why a repair failed, for people.
   */
  'detail'?: (string);
  /**
   * Milliseconds since the epoch; 0: it isn't tried again by itself.
   */
  'retryAtMs'?: (number | string | Long);
}

/**
 * A step that held when its manifest was converged, and doesn't any more.
 */
export interface Drift__Output {
  'service': (string);
  /**
   * Id of the step in the manifest.
   */
  'step': (string);
  /**
   * Milliseconds since the epoch at which this agent's process first saw it.
   */
  'sinceMs': (number);
  /**
   * From what is there to what shall be, for people: a unified diff for files, without their content where group or others may not read them.
   */
  'difference': (string);
  /**
   * The service's policy: `report`, `repair`.
   */
  'policy': (string);
  /**
   * `left`: nothing is done about it; `repairing`: its repair waits or is under way; `failed`: a repair failed, it is tried again at
   * `retry_at_ms`; `flapping`: it came back after each of three repairs within 10 minutes, and is left.
   */
  'state': (string);
  /**
   * Why a repair failed, for people.
   */
  'detail': (string);
  /**
   * Milliseconds since the epoch; 0: it isn't tried again by itself.
   */
  'retryAtMs': (number);
}
