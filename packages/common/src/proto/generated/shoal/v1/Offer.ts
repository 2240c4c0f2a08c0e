// Original file: shoal/v1/link.proto

import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from '../../shoal/v1/SignedDocument.js';
import type { Long } from '@grpc/proto-loader';

export interface Offer {
  'manifest'?: (_shoal_v1_SignedDocument | null);
  'hash'?: (string);
  'revision'?: (number | string | Long);
  /**
   * Try this hash although it failed on this node before: an operator asked for it.
   */
  'retryFailed'?: (boolean);
}

export interface Offer__Output {
  'manifest': (_shoal_v1_SignedDocument__Output | null);
  'hash': (string);
  'revision': (number);
  /**
   * Try this hash although it failed on this node before: an operator asked for it.
   */
  'retryFailed': (boolean);
}
