// Original file: shoal/v1/link.proto


/**
 * A secret's value that this node alone can open.
 */
export interface SealedSecret {
  'name'?: (string);
  'version'?: (string);
  /**
   * ECIES to the public key of the certificate that the agent opened this link with: the point of a fresh P-256 key, uncompressed (65 bytes); then, with
   * the key that HKDF-SHA256 (salt: both points, info: "shoal secret for a node") makes of the ECDH secret, format 1 (a byte), nonce (12), tag (16) and
   * ciphertext of AES-256-GCM. Associated data: the JSON list of "shoal secret for a node", cluster id, node, name and version.
   */
  'sealed'?: (Buffer | Uint8Array | string);
}

/**
 * A secret's value that this node alone can open.
 */
export interface SealedSecret__Output {
  'name': (string);
  'version': (string);
  /**
   * ECIES to the public key of the certificate that the agent opened this link with: the point of a fresh P-256 key, uncompressed (65 bytes); then, with
   * the key that HKDF-SHA256 (salt: both points, info: "shoal secret for a node") makes of the ECDH secret, format 1 (a byte), nonce (12), tag (16) and
   * ciphertext of AES-256-GCM. Associated data: the JSON list of "shoal secret for a node", cluster id, node, name and version.
   */
  'sealed': (Buffer);
}
