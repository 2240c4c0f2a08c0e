// Original file: shoal/v1/link.proto

import type { ManifestDeltaPart as _shoal_v1_ManifestDeltaPart, ManifestDeltaPart__Output as _shoal_v1_ManifestDeltaPart__Output } from '../../shoal/v1/ManifestDeltaPart.js';
import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from '../../shoal/v1/SignedDocument.js';

/**
 * A manifest's content (the canonical JSON of its format and services) made of another one's, and what was signed for this node.
 */
export interface ManifestDelta {
  /**
   * Content hash of a manifest that the node reported to run. What is built upon are the bytes that this hash is of.
   */
  'base'?: (string);
  /**
   * Bytes of the content that comes out; at most 16 MiB.
   */
  'size'?: (number);
  /**
   * Put one after another they are the content.
   */
  'parts'?: (_shoal_v1_ManifestDeltaPart)[];
  /**
   * Payload: the canonical JSON of {"clusterId","content","kind","node","revision"}; `content` is the content hash of what comes out, `kind` is
   * "manifest-head". The content counts once its hash is that one.
   */
  'head'?: (_shoal_v1_SignedDocument | null);
}

/**
 * A manifest's content (the canonical JSON of its format and services) made of another one's, and what was signed for this node.
 */
export interface ManifestDelta__Output {
  /**
   * Content hash of a manifest that the node reported to run. What is built upon are the bytes that this hash is of.
   */
  'base': (string);
  /**
   * Bytes of the content that comes out; at most 16 MiB.
   */
  'size': (number);
  /**
   * Put one after another they are the content.
   */
  'parts': (_shoal_v1_ManifestDeltaPart__Output)[];
  /**
   * Payload: the canonical JSON of {"clusterId","content","kind","node","revision"}; `content` is the content hash of what comes out, `kind` is
   * "manifest-head". The content counts once its hash is that one.
   */
  'head': (_shoal_v1_SignedDocument__Output | null);
}
