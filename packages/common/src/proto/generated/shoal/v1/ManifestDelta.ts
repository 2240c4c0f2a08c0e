// Original file: shoal/v1/link.proto

import type { ManifestDeltaPart as _shoal_v1_ManifestDeltaPart, ManifestDeltaPart__Output as _shoal_v1_ManifestDeltaPart__Output } from '../../shoal/v1/ManifestDeltaPart.js';

/**
 * A `SignedDocument` made of another manifest's content: exactly the bytes that were signed come out.
 */
export interface ManifestDelta {
  /**
   * Content hash of a manifest that the node reported to run. What is built upon are the bytes that this hash is of: the canonical JSON of the
   * manifest's format and services.
   */
  'base'?: (string);
  /**
   * Bytes of the payload that comes out; at most 16 MiB.
   */
  'size'?: (number);
  /**
   * Put one after another they are the payload.
   */
  'parts'?: (_shoal_v1_ManifestDeltaPart)[];
  /**
   * Ed25519 over the payload, 64 bytes.
   */
  'signature'?: (Buffer | Uint8Array | string);
}

/**
 * A `SignedDocument` made of another manifest's content: exactly the bytes that were signed come out.
 */
export interface ManifestDelta__Output {
  /**
   * Content hash of a manifest that the node reported to run. What is built upon are the bytes that this hash is of: the canonical JSON of the
   * manifest's format and services.
   */
  'base': (string);
  /**
   * Bytes of the payload that comes out; at most 16 MiB.
   */
  'size': (number);
  /**
   * Put one after another they are the payload.
   */
  'parts': (_shoal_v1_ManifestDeltaPart__Output)[];
  /**
   * Ed25519 over the payload, 64 bytes.
   */
  'signature': (Buffer);
}
