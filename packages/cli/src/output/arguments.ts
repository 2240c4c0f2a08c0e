import { ShoalError } from '@shoal/common';

/** A flag's or argument's text as a whole number from 1 on. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new ShoalError('invalid_input', `"${text}" is not a whole number greater than 0`);
  }
  return value;
}
