// Original file: shoal/v1/link.proto


/**
 * New bytes, then bytes of the base.
 */
export interface ManifestDeltaPart {
  'insert'?: (Buffer | Uint8Array | string);
  'from'?: (number);
  'length'?: (number);
}

/**
 * New bytes, then bytes of the base.
 */
export interface ManifestDeltaPart__Output {
  'insert': (Buffer);
  'from': (number);
  'length': (number);
}
