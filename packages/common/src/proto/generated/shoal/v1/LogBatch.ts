// Original file: shoal/v1/link.proto

import type { LogRecord as _shoal_v1_LogRecord, LogRecord__Output as _shoal_v1_LogRecord__Output } from '../../shoal/v1/LogRecord.js';

export interface LogBatch {
  /**
   * Identity of the agent's spool: random, made with the spool. Sequence numbers are counted within it.
   */
  'spoolId'?: (string);
  'records'?: (_shoal_v1_LogRecord)[];
}

export interface LogBatch__Output {
  /**
   * Identity of the agent's spool: random, made with the spool. Sequence numbers are counted within it.
   */
  'spoolId': (string);
  'records': (_shoal_v1_LogRecord__Output)[];
}
