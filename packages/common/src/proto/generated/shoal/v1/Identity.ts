// Original file: shoal/v1/enrollment.proto

import type { SignedDocument as _shoal_v1_SignedDocument, SignedDocument__Output as _shoal_v1_SignedDocument__Output } from '../../shoal/v1/SignedDocument.js';

export interface Identity {
  'clusterId'?: (string);
  'clusterName'?: (string);
  /**
   * The name that the certificate carries.
   */
  'node'?: (string);
  /**
   * The node's certificate, PEM; serves as client certificate on every later call.
   */
  'certificatePem'?: (string);
  /**
   * Bundle of the CAs to trust, PEM, newest first.
   */
  'caPem'?: (string);
  /**
   * Ed25519 public key, PEM (SPKI), that verifies manifests and leases.
   */
  'manifestPublicKeyPem'?: (string);
  /**
   * Gossip keys of 32 bytes, the primary first. Empty when the cluster's gossip isn't encrypted.
   */
  'gossipKeys'?: (Buffer | Uint8Array | string)[];
  /**
   * Addresses (host:port) of members to join the gossip by, the controller's own first.
   */
  'gossipSeeds'?: (string)[];
  /**
   * First lease: canonical JSON and its signature; see SignedDocument.
   */
  'lease'?: (_shoal_v1_SignedDocument | null);
}

export interface Identity__Output {
  'clusterId': (string);
  'clusterName': (string);
  /**
   * The name that the certificate carries.
   */
  'node': (string);
  /**
   * The node's certificate, PEM; serves as client certificate on every later call.
   */
  'certificatePem': (string);
  /**
   * Bundle of the CAs to trust, PEM, newest first.
   */
  'caPem': (string);
  /**
   * Ed25519 public key, PEM (SPKI), that verifies manifests and leases.
   */
  'manifestPublicKeyPem': (string);
  /**
   * Gossip keys of 32 bytes, the primary first. Empty when the cluster's gossip isn't encrypted.
   */
  'gossipKeys': (Buffer)[];
  /**
   * Addresses (host:port) of members to join the gossip by, the controller's own first.
   */
  'gossipSeeds': (string)[];
  /**
   * First lease: canonical JSON and its signature; see SignedDocument.
   */
  'lease': (_shoal_v1_SignedDocument__Output | null);
}
