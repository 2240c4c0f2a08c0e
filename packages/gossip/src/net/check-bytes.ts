import { isUint8Array } from 'node:util/types';
import { kindOf } from '../core/index.js';
import { GossipError } from './gossip-error.js';

/**
 * Throws GossipError INVALID_OPTION unless this is a Uint8Array. Anything else would be made one silently: a string by
 * bytes of 0.
 * @param fromText hint for who has a string.
 */
export function checkBytes(
  name: string,
  value: unknown,
  fromText = 'Buffer.from(text)',
): asserts value is Uint8Array {
  if (isUint8Array(value)) return;
  const hint = typeof value === 'string' ? fromText : '';
  throw new GossipError('INVALID_OPTION', `${name} is ${kindOf(value)}, expected a Uint8Array`, hint);
}
