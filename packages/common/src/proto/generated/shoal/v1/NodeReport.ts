// Original file: shoal/v1/link.proto

import type { StepFailure as _shoal_v1_StepFailure, StepFailure__Output as _shoal_v1_StepFailure__Output } from '../../shoal/v1/StepFailure.js';
import type { ConvergeState as _shoal_v1_ConvergeState, ConvergeState__Output as _shoal_v1_ConvergeState__Output } from '../../shoal/v1/ConvergeState.js';
import type { ServiceStatus as _shoal_v1_ServiceStatus, ServiceStatus__Output as _shoal_v1_ServiceStatus__Output } from '../../shoal/v1/ServiceStatus.js';
import type { GossipKeys as _shoal_v1_GossipKeys, GossipKeys__Output as _shoal_v1_GossipKeys__Output } from '../../shoal/v1/GossipKeys.js';
import type { Drifts as _shoal_v1_Drifts, Drifts__Output as _shoal_v1_Drifts__Output } from '../../shoal/v1/Drifts.js';
import type { LeaseStatus as _shoal_v1_LeaseStatus, LeaseStatus__Output as _shoal_v1_LeaseStatus__Output } from '../../shoal/v1/LeaseStatus.js';
import type { Long } from '@grpc/proto-loader';

/**
 * What is true on the node now, measured.
 */
export interface NodeReport {
  /**
   * True when every field below is present; false when only what changed is.
   */
  'full'?: (boolean);
  /**
   * Content hash of the manifest that is in force on the host (every step verified). Empty: none yet.
   */
  'runningHash'?: (string);
  /**
   * Revision that `running_hash` was offered with; 0: none yet.
   */
  'runningRevision'?: (number | string | Long);
  /**
   * Content hash of the last manifest that was attempted and failed; empty when there is none.
   */
  'failedHash'?: (string);
  'failedRevision'?: (number | string | Long);
  /**
   * Why it failed, when failed_hash is set.
   */
  'failure'?: (_shoal_v1_StepFailure | null);
  /**
   * What the agent is doing now.
   */
  'state'?: (_shoal_v1_ConvergeState);
  'services'?: (_shoal_v1_ServiceStatus)[];
  /**
   * Hash of the manifest that is being applied, when state is CONVERGING.
   */
  'convergingHash'?: (string);
  /**
   * What the node's gossip encrypts and decrypts with, read from the gossip itself. Absent: it doesn't run, or isn't encrypted.
   */
  'gossipKeys'?: (_shoal_v1_GossipKeys | null);
  /**
   * Services that the node keeps new requests away from, as its gossip tag `drain` says: because it is about to disturb them, or because an
   * operator asked for it. Comes whenever `state` does.
   */
  'draining'?: (string)[];
  /**
   * What of the manifest in force no longer holds on the host, as it was last looked at. Absent: the agent doesn't look.
   */
  'drifts'?: (_shoal_v1_Drifts | null);
  /**
   * `Offer.attempt` of the offer that failed; 0: the agent doesn't count them.
   */
  'failedAttempt'?: (number);
  /**
   * `Offer.attempt` of the last offer that the agent dealt with since it started: it runs it, it failed, or there was nothing to do. 0: none.
   * Absent: it doesn't count them.
   */
  'attempt'?: (number);
  /**
   * How the node stands with its lease; it says the same, shorter, by its gossip tags `tier` and `lease`. Absent: the agent doesn't say.
   */
  'lease'?: (_shoal_v1_LeaseStatus | null);
  '_attempt'?: "attempt";
}

/**
 * What is true on the node now, measured.
 */
export interface NodeReport__Output {
  /**
   * True when every field below is present; false when only what changed is.
   */
  'full': (boolean);
  /**
   * Content hash of the manifest that is in force on the host (every step verified). Empty: none yet.
   */
  'runningHash': (string);
  /**
   * Revision that `running_hash` was offered with; 0: none yet.
   */
  'runningRevision': (number);
  /**
   * Content hash of the last manifest that was attempted and failed; empty when there is none.
   */
  'failedHash': (string);
  'failedRevision': (number);
  /**
   * Why it failed, when failed_hash is set.
   */
  'failure': (_shoal_v1_StepFailure__Output | null);
  /**
   * What the agent is doing now.
   */
  'state': (_shoal_v1_ConvergeState__Output);
  'services': (_shoal_v1_ServiceStatus__Output)[];
  /**
   * Hash of the manifest that is being applied, when state is CONVERGING.
   */
  'convergingHash': (string);
  /**
   * What the node's gossip encrypts and decrypts with, read from the gossip itself. Absent: it doesn't run, or isn't encrypted.
   */
  'gossipKeys': (_shoal_v1_GossipKeys__Output | null);
  /**
   * Services that the node keeps new requests away from, as its gossip tag `drain` says: because it is about to disturb them, or because an
   * operator asked for it. Comes whenever `state` does.
   */
  'draining': (string)[];
  /**
   * What of the manifest in force no longer holds on the host, as it was last looked at. Absent: the agent doesn't look.
   */
  'drifts': (_shoal_v1_Drifts__Output | null);
  /**
   * `Offer.attempt` of the offer that failed; 0: the agent doesn't count them.
   */
  'failedAttempt': (number);
  /**
   * `Offer.attempt` of the last offer that the agent dealt with since it started: it runs it, it failed, or there was nothing to do. 0: none.
   * Absent: it doesn't count them.
   */
  'attempt'?: (number);
  /**
   * How the node stands with its lease; it says the same, shorter, by its gossip tags `tier` and `lease`. Absent: the agent doesn't say.
   */
  'lease': (_shoal_v1_LeaseStatus__Output | null);
  '_attempt'?: "attempt";
}
