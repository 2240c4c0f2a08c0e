// Original file: shoal/v1/operations.proto


export interface OperationRequest {
  /**
   * `node.list`, `spec.apply`, ...
   */
  'operation'?: (string);
  /**
   * Input by the operation's schema, JSON, UTF-8. Empty: {}.
   */
  'inputJson'?: (Buffer | Uint8Array | string);
}

export interface OperationRequest__Output {
  /**
   * `node.list`, `spec.apply`, ...
   */
  'operation': (string);
  /**
   * Input by the operation's schema, JSON, UTF-8. Empty: {}.
   */
  'inputJson': (Buffer);
}
