// Original file: shoal/v1/link.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Which offer is to be made again. Nothing became of it: neither is it refused, nor was it begun.
 */
export interface FullOfferRequest {
  'revision'?: (number | string | Long);
  'hash'?: (string);
  /**
   * Why, for the log.
   */
  'reason'?: (string);
}

/**
 * Which offer is to be made again. Nothing became of it: neither is it refused, nor was it begun.
 */
export interface FullOfferRequest__Output {
  'revision': (number);
  'hash': (string);
  /**
   * Why, for the log.
   */
  'reason': (string);
}
