// Original file: shoal/v1/link.proto

import type { Welcome as _shoal_v1_Welcome, Welcome__Output as _shoal_v1_Welcome__Output } from '../../shoal/v1/Welcome.js';
import type { Offer as _shoal_v1_Offer, Offer__Output as _shoal_v1_Offer__Output } from '../../shoal/v1/Offer.js';
import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from '../../shoal/v1/SignedDocument.js';
import type { CheckRequest as _shoal_v1_CheckRequest, CheckRequest__Output as _shoal_v1_CheckRequest__Output } from '../../shoal/v1/CheckRequest.js';
import type { MembersRequest as _shoal_v1_MembersRequest, MembersRequest__Output as _shoal_v1_MembersRequest__Output } from '../../shoal/v1/MembersRequest.js';
import type { Drain as _shoal_v1_Drain, Drain__Output as _shoal_v1_Drain__Output } from '../../shoal/v1/Drain.js';
import type { RepairRequest as _shoal_v1_RepairRequest, RepairRequest__Output as _shoal_v1_RepairRequest__Output } from '../../shoal/v1/RepairRequest.js';
import type { Long } from '@grpc/proto-loader';

export interface ControllerMessage {
  /**
   * Starts at 1 on each stream and rises by 1.
   */
  'sequence'?: (number | string | Long);
  'welcome'?: (_shoal_v1_Welcome | null);
  /**
   * The manifest that the node shall converge to. The latest replaces an earlier one that wasn't begun.
   */
  'offer'?: (_shoal_v1_Offer | null);
  /**
   * Send a full report in the next message.
   */
  'reportFullState'?: (boolean);
  /**
   * A renewed lease.
   */
  'lease'?: (_shoal_v1_SignedDocument | null);
  /**
   * Gossip keys in force, the primary first; sent when they change and in answer to each hello. The node stores them, installs those
   * that it lacks, uses the first, removes the others, and reports what it then holds (NodeReport.gossip_keys).
   */
  'gossipKeys'?: (Buffer | Uint8Array | string)[];
  /**
   * Check (change nothing) what this manifest would change.
   */
  'check'?: (_shoal_v1_CheckRequest | null);
  'members'?: (_shoal_v1_MembersRequest | null);
  /**
   * The node was removed from the cluster: stop, and forget the identity. Services are left running.
   */
  'removed'?: (boolean);
  /**
   * What operators want drained on the node; sent in answer to each hello and when it changes. The node keeps it on disk.
   */
  'drain'?: (_shoal_v1_Drain | null);
  /**
   * Repair what drifted, once, whatever the services' policies say.
   */
  'repair'?: (_shoal_v1_RepairRequest | null);
}

export interface ControllerMessage__Output {
  /**
   * Starts at 1 on each stream and rises by 1.
   */
  'sequence': (number);
  'welcome': (_shoal_v1_Welcome__Output | null);
  /**
   * The manifest that the node shall converge to. The latest replaces an earlier one that wasn't begun.
   */
  'offer': (_shoal_v1_Offer__Output | null);
  /**
   * Send a full report in the next message.
   */
  'reportFullState': (boolean);
  /**
   * A renewed lease.
   */
  'lease': (_shoal_v1_SignedDocument__Output | null);
  /**
   * Gossip keys in force, the primary first; sent when they change and in answer to each hello. The node stores them, installs those
   * that it lacks, uses the first, removes the others, and reports what it then holds (NodeReport.gossip_keys).
   */
  'gossipKeys': (Buffer)[];
  /**
   * Check (change nothing) what this manifest would change.
   */
  'check': (_shoal_v1_CheckRequest__Output | null);
  'members': (_shoal_v1_MembersRequest__Output | null);
  /**
   * The node was removed from the cluster: stop, and forget the identity. Services are left running.
   */
  'removed': (boolean);
  /**
   * What operators want drained on the node; sent in answer to each hello and when it changes. The node keeps it on disk.
   */
  'drain': (_shoal_v1_Drain__Output | null);
  /**
   * Repair what drifted, once, whatever the services' policies say.
   */
  'repair': (_shoal_v1_RepairRequest__Output | null);
}
