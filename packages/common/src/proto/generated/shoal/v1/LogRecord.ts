// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

export interface LogRecord {
  /**
   * Rises by 1 within a spool; never reused.
   */
  'sequence'?: (number | string | Long);
  /**
   * Milliseconds since the epoch: the line's own time where the parser found one, else when it was read.
   */
  'atMs'?: (number | string | Long);
  'service'?: (string);
  /**
   * Which of the service's sources, as the blueprint names them: `access`, `error`, `journal`, `stdout`.
   */
  'source'?: (string);
  /**
   * The line as it was written, without its end; at most 64 KiB, then cut.
   */
  'line'?: (string);
  /**
   * What the source's parser found: level, status, method, path, ...
   */
  'fields'?: ({[key: string]: string});
}

export interface LogRecord__Output {
  /**
   * Rises by 1 within a spool; never reused.
   */
  'sequence': (number);
  /**
   * Milliseconds since the epoch: the line's own time where the parser found one, else when it was read.
   */
  'atMs': (number);
  'service': (string);
  /**
   * Which of the service's sources, as the blueprint names them: `access`, `error`, `journal`, `stdout`.
   */
  'source': (string);
  /**
   * The line as it was written, without its end; at most 64 KiB, then cut.
   */
  'line': (string);
  /**
   * What the source's parser found: level, status, method, path, ...
   */
  'fields': ({[key: string]: string});
}
