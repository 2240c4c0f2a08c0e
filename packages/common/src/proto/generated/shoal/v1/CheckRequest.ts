// Original file: shoal/v1/link.proto

import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from '../../shoal/v1/SignedDocument.js';

export interface CheckRequest {
  'id'?: (string);
  'manifest'?: (_shoal_v1_SignedDocument | null);
}

export interface CheckRequest__Output {
  'id': (string);
  'manifest': (_shoal_v1_SignedDocument__Output | null);
}
