// Original file: shoal/v1/operations.proto


export interface OperationResponse {
  /**
   * Output by the operation's schema, JSON, UTF-8.
   */
  'outputJson'?: (Buffer | Uint8Array | string);
}

export interface OperationResponse__Output {
  /**
   * Output by the operation's schema, JSON, UTF-8.
   */
  'outputJson': (Buffer);
}
