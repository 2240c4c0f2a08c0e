// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

export interface LeaseStatus {
  /**
   * `active`; `warning`: less than half of its term is left, or the license ends soon; `expired`: past its end, within its grace; `degraded`: free tier, out of
   * the gossip, no new manifests; `restored`: a lease came after that, a moment ago.
   */
  'state'?: (string);
  /**
   * The tier that is in force on the node.
   */
  'tier'?: (string);
  /**
   * End of the term, milliseconds since the epoch, as the node counts it; 0: it has no lease.
   */
  'expiresAtMs'?: (number | string | Long);
  /**
   * The state in one sentence, and what the node doubts of its clock or of the leases that it was sent.
   */
  'detail'?: (string);
}

export interface LeaseStatus__Output {
  /**
   * `active`; `warning`: less than half of its term is left, or the license ends soon; `expired`: past its end, within its grace; `degraded`: free tier, out of
   * the gossip, no new manifests; `restored`: a lease came after that, a moment ago.
   */
  'state': (string);
  /**
   * The tier that is in force on the node.
   */
  'tier': (string);
  /**
   * End of the term, milliseconds since the epoch, as the node counts it; 0: it has no lease.
   */
  'expiresAtMs': (number);
  /**
   * The state in one sentence, and what the node doubts of its clock or of the leases that it was sent.
   */
  'detail': (string);
}
