// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

export interface StepEvent {
  'revision'?: (number | string | Long);
  'hash'?: (string);
  'service'?: (string);
  'step'?: (string);
  /**
   * `started`, `output`, `unchanged`, `done`, `failed`, `undone`. Besides steps of the manifest, `drain`, `health` and `gate` tell of themselves.
   */
  'kind'?: (string);
  /**
   * A line of output, a diff, or a sentence.
   */
  'text'?: (string);
  /**
   * Milliseconds since the epoch, the node's clock.
   */
  'atMs'?: (number | string | Long);
}

export interface StepEvent__Output {
  'revision': (number);
  'hash': (string);
  'service': (string);
  'step': (string);
  /**
   * `started`, `output`, `unchanged`, `done`, `failed`, `undone`. Besides steps of the manifest, `drain`, `health` and `gate` tell of themselves.
   */
  'kind': (string);
  /**
   * A line of output, a diff, or a sentence.
   */
  'text': (string);
  /**
   * Milliseconds since the epoch, the node's clock.
   */
  'atMs': (number);
}
