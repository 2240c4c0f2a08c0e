// Original file: shoal/v1/enrollment.proto


/**
 * A document of the controller's, with its signature.
 */
export interface SignedDocument {
  /**
   * Canonical JSON (RFC 8785), UTF-8.
   */
  'payload'?: (Buffer | Uint8Array | string);
  /**
   * Ed25519 signature (RFC 8032) of payload, 64 bytes.
   */
  'signature'?: (Buffer | Uint8Array | string);
}

/**
 * A document of the controller's, with its signature.
 */
export interface SignedDocument__Output {
  /**
   * Canonical JSON (RFC 8785), UTF-8.
   */
  'payload': (Buffer);
  /**
   * Ed25519 signature (RFC 8032) of payload, 64 bytes.
   */
  'signature': (Buffer);
}
