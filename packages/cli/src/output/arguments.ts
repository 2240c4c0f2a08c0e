import { parseDuration, ShoalError } from '@shoal/common';

/** A flag's or argument's text as a whole number from 1 on. */
export function positiveInteger(text: string): number {
  return wholeNumber(text, '');
}

/**
 * The same, for a flag whose name the error says.
 *
 * @param flag - `--sites`
 */
export function positiveIntegerOf(flag: string): (text: string) => number {
  return (text) => wholeNumber(text, `${flag}: `);
}

function wholeNumber(text: string, whose: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new ShoalError('invalid_input', `${whose}"${text}" is not a whole number greater than 0`);
  }
  return value;
}

/** Longest time that a timer of Node.js can wait, ms. */
const longestMs = 2 ** 31 - 1;

/** A length of time to wait, milliseconds. @throws ShoalError `invalid_input` for what is none, or too long for a timer */
export function waitingTime(text: string): number {
  const ms = parseDuration(text);
  if (ms <= longestMs) return ms;
  throw new ShoalError(
    'invalid_input',
    `${text} is too long to wait; at most ${Math.floor(longestMs / 86_400_000)}d`,
  );
}
