// Original file: shoal/v1/link.proto

import type { StepDifference as _shoal_v1_StepDifference, StepDifference__Output as _shoal_v1_StepDifference__Output } from '../../shoal/v1/StepDifference.js';

export interface CheckResult {
  'id'?: (string);
  /**
   * One per step that would change something, or that can't be checked.
   */
  'differences'?: (_shoal_v1_StepDifference)[];
  /**
   * Set when the check couldn't be made at all.
   */
  'error'?: (string);
}

export interface CheckResult__Output {
  'id': (string);
  /**
   * One per step that would change something, or that can't be checked.
   */
  'differences': (_shoal_v1_StepDifference__Output)[];
  /**
   * Set when the check couldn't be made at all.
   */
  'error': (string);
}
