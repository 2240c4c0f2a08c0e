// Original file: shoal/v1/link.proto

import type { StatSample as _shoal_v1_StatSample, StatSample__Output as _shoal_v1_StatSample__Output } from '../../shoal/v1/StatSample.js';

export interface StatBatch {
  'spoolId'?: (string);
  'samples'?: (_shoal_v1_StatSample)[];
}

export interface StatBatch__Output {
  'spoolId': (string);
  'samples': (_shoal_v1_StatSample__Output)[];
}
