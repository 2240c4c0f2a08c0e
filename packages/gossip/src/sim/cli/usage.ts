/** Arguments that make no sense; the message is one sentence for the user. */
export class UsageError extends Error {}

/** The sentence for arguments that make no sense; undefined for any other error. */
export function usageSentence(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message;
  const isParsing =
    error instanceof TypeError && 'code' in error && `${error.code}`.startsWith('ERR_PARSE_ARGS');
  // What follows the first sentence is about positional arguments that begin with a dash, which nobody means.
  return isParsing ? error.message.split(/\.\s|\n/)[0] : undefined;
}

/** The whole number that an option has. Throws UsageError for other texts and for less than `least`. */
export function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new UsageError(`--${option} is "${text}", expected a whole number of ${least} or more`);
  return value;
}

/** The number that an option has. Throws UsageError for other texts, zero and less. */
export function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new UsageError(`--${option} is "${text}", expected a number above 0`);
  return value;
}

/** The percentage that an option has. Throws UsageError for other texts. */
export function percent(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100))
    throw new UsageError(`--${option} is "${text}", expected a percentage from 0 to 100`);
  return value;
}
