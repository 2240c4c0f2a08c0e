import { ShoalError } from '@shoal/common';
import type { ListOptions, Transaction } from './store.js';

/** Limits of the `Store` contract, in bytes. */
export const maximumKeyBytes: number = 1000;
export const maximumValueBytes: number = 1024 * 1024;
/** Entries of one `list`. */
export const maximumListLimit: number = 10_000;
const defaultListLimit = 1000;

/** @throws ShoalError `invalid_input` when the key is empty, too long or holds a NUL */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0) throw new ShoalError('invalid_input', 'Store key is empty');
  if (bytes > maximumKeyBytes) {
    throw new ShoalError(
      'invalid_input',
      `Store key of ${bytes} bytes; at most ${maximumKeyBytes} are allowed`,
    );
  }
  if (key.includes('\0')) throw new ShoalError('invalid_input', 'Store key holds a NUL character');
}

/** @throws ShoalError `invalid_input` for a bad key, a value above 1 MiB, or a key that is written twice */
export function checkTransaction(transaction: Transaction): void {
  for (const compare of transaction.compare ?? []) checkKey(compare.key);
  const written = new Set<string>();
  for (const write of transaction.writes) {
    checkKey(write.key);
    if (written.has(write.key)) {
      throw new ShoalError('invalid_input', `Store key ${write.key} is written twice in one transaction`);
    }
    written.add(write.key);
    if (write.type === 'put' && write.value.byteLength > maximumValueBytes) {
      throw new ShoalError(
        'invalid_input',
        `Value of ${write.key} has ${write.value.byteLength} bytes; at most ${maximumValueBytes} are allowed`,
      );
    }
  }
}

/** The limit of a list, with its default. @throws ShoalError `invalid_input` out of 1 to 10000 */
export function checkListLimit(options: ListOptions | undefined): number {
  const limit = options?.limit ?? defaultListLimit;
  if (!Number.isInteger(limit) || limit < 1 || limit > maximumListLimit) {
    throw new ShoalError('invalid_input', `List limit ${limit}; expected 1 to ${maximumListLimit}`);
  }
  return limit;
}

/** What every call of a closed store throws. */
export function closedError(): ShoalError {
  return new ShoalError('failed_precondition', 'The store is closed');
}
