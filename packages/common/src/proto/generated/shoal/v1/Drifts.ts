// Original file: shoal/v1/link.proto

import type { Drift as _shoal_v1_Drift, Drift__Output as _shoal_v1_Drift__Output } from '../../shoal/v1/Drift.js';

/**
 * In the order of the manifest's steps.
 */
export interface Drifts {
  'found'?: (_shoal_v1_Drift)[];
}

/**
 * In the order of the manifest's steps.
 */
export interface Drifts__Output {
  'found': (_shoal_v1_Drift__Output)[];
}
