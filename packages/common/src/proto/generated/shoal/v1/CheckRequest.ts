// Original file: shoal/v1/link.proto

import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from '../../shoal/v1/SignedDocument.js';
import type { SealedSecret as _shoal_v1_SealedSecret, SealedSecret__Output as _shoal_v1_SealedSecret__Output } from '../../shoal/v1/SealedSecret.js';

export interface CheckRequest {
  'id'?: (string);
  'manifest'?: (_shoal_v1_SignedDocument | null);
  'secrets'?: (_shoal_v1_SealedSecret)[];
}

export interface CheckRequest__Output {
  'id': (string);
  'manifest': (_shoal_v1_SignedDocument__Output | null);
  'secrets': (_shoal_v1_SealedSecret__Output)[];
}
