// Original file: shoal/v1/link.proto


export interface RepairRequest {
  'id'?: (string);
  /**
   * Only what drifted of this service; empty: of all.
   */
  'service'?: (string);
}

export interface RepairRequest__Output {
  'id': (string);
  /**
   * Only what drifted of this service; empty: of all.
   */
  'service': (string);
}
