// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

export interface BatchAck {
  'spoolId'?: (string);
  /**
   * Every record up to and with this sequence number is durable.
   */
  'sequence'?: (number | string | Long);
}

export interface BatchAck__Output {
  'spoolId': (string);
  /**
   * Every record up to and with this sequence number is durable.
   */
  'sequence': (number);
}
