// Original file: shoal/v1/link.proto

import type { RepairedStep as _shoal_v1_RepairedStep, RepairedStep__Output as _shoal_v1_RepairedStep__Output } from '../../shoal/v1/RepairedStep.js';
import type { StepFailure as _shoal_v1_StepFailure, StepFailure__Output as _shoal_v1_StepFailure__Output } from '../../shoal/v1/StepFailure.js';

/**
 * Sent when the repair has ended.
 */
export interface RepairResult {
  'id'?: (string);
  'repaired'?: (_shoal_v1_RepairedStep)[];
  /**
   * The step that failed, and with it the repair; what it had changed was undone.
   */
  'failure'?: (_shoal_v1_StepFailure | null);
  /**
   * Set when the repair couldn't be begun.
   */
  'error'?: (string);
}

/**
 * Sent when the repair has ended.
 */
export interface RepairResult__Output {
  'id': (string);
  'repaired': (_shoal_v1_RepairedStep__Output)[];
  /**
   * The step that failed, and with it the repair; what it had changed was undone.
   */
  'failure': (_shoal_v1_StepFailure__Output | null);
  /**
   * Set when the repair couldn't be begun.
   */
  'error': (string);
}
