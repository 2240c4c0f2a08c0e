// Original file: shoal/v1/link.proto


export interface StepDifference {
  'service'?: (string);
  'step'?: (string);
  /**
   * What would change, for people; a unified diff for files.
   */
  'difference'?: (string);
}

export interface StepDifference__Output {
  'service': (string);
  'step': (string);
  /**
   * What would change, for people; a unified diff for files.
   */
  'difference': (string);
}
