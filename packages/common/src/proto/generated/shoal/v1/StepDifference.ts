// Original file: shoal/v1/link.proto


export interface StepDifference {
  'service'?: (string);
  'step'?: (string);
  /**
   * What would change, for people; a unified diff for files.
   */
  'difference'?: (string);
  /**
   * Why converging would be refused here, with what the refusing program printed; empty: nothing speaks against it. With it `difference` may be empty.
   */
  'problem'?: (string);
}

export interface StepDifference__Output {
  'service': (string);
  'step': (string);
  /**
   * What would change, for people; a unified diff for files.
   */
  'difference': (string);
  /**
   * Why converging would be refused here, with what the refusing program printed; empty: nothing speaks against it. With it `difference` may be empty.
   */
  'problem': (string);
}
