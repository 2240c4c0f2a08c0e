// Original file: shoal/v1/link.proto

import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from '../../shoal/v1/SignedDocument.js';
import type { GatePolicy as _shoal_v1_GatePolicy, GatePolicy__Output as _shoal_v1_GatePolicy__Output } from '../../shoal/v1/GatePolicy.js';
import type { SealedSecret as _shoal_v1_SealedSecret, SealedSecret__Output as _shoal_v1_SealedSecret__Output } from '../../shoal/v1/SealedSecret.js';
import type { ManifestDelta as _shoal_v1_ManifestDelta, ManifestDelta__Output as _shoal_v1_ManifestDelta__Output } from '../../shoal/v1/ManifestDelta.js';
import type { Long } from '@grpc/proto-loader';

export interface Offer {
  /**
   * Absent when `delta` is there.
   */
  'manifest'?: (_shoal_v1_SignedDocument | null);
  'hash'?: (string);
  'revision'?: (number | string | Long);
  /**
   * Try this hash although it failed on this node before: an operator asked for it.
   */
  'retryFailed'?: (boolean);
  /**
   * How a changed service's own traffic is judged, beside its health. Absent, as a whole or in part: the agent's defaults.
   */
  'gate'?: (_shoal_v1_GatePolicy | null);
  /**
   * Every secret that the manifest names, for which the controller has a value.
   */
  'secrets'?: (_shoal_v1_SealedSecret)[];
  /**
   * Rises with each time that the node is asked for something, so that a failure is told from one before it, of the same hash and revision.
   */
  'attempt'?: (number);
  /**
   * The manifest by what differs from one that the node has. Only for agents that say `Hello.manifest_deltas`.
   */
  'delta'?: (_shoal_v1_ManifestDelta | null);
}

export interface Offer__Output {
  /**
   * Absent when `delta` is there.
   */
  'manifest': (_shoal_v1_SignedDocument__Output | null);
  'hash': (string);
  'revision': (number);
  /**
   * Try this hash although it failed on this node before: an operator asked for it.
   */
  'retryFailed': (boolean);
  /**
   * How a changed service's own traffic is judged, beside its health. Absent, as a whole or in part: the agent's defaults.
   */
  'gate': (_shoal_v1_GatePolicy__Output | null);
  /**
   * Every secret that the manifest names, for which the controller has a value.
   */
  'secrets': (_shoal_v1_SealedSecret__Output)[];
  /**
   * Rises with each time that the node is asked for something, so that a failure is told from one before it, of the same hash and revision.
   */
  'attempt': (number);
  /**
   * The manifest by what differs from one that the node has. Only for agents that say `Hello.manifest_deltas`.
   */
  'delta': (_shoal_v1_ManifestDelta__Output | null);
}
