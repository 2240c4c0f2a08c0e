import { isPromise, isUint8Array } from 'node:util/types';
import { GossipError } from './gossip-error.js';

/** What a value is, for a message that says what was expected: `a string`, `an array`, `a Map`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind === 'Object' || kind === 'Array') return `an ${kind.toLowerCase()}`;
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

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

/** The result of a callback that was to be at once; what a promise comes to is nobody's concern, not even a rejection. */
export function checkResult(value: unknown, isExpected: boolean, expected: string): void {
  if (isPromise(value)) value.catch(() => undefined);
  if (!isExpected) throw new TypeError(`result is ${kindOf(value)}, expected ${expected}`);
}
