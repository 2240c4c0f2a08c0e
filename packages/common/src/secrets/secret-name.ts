import { ShoalError } from '../errors/shoal-error.js';

/** Pattern of a secret's name. */
export const secretNamePattern = '^[a-z0-9][a-z0-9._-]{0,62}$';

/** What a secret's name has to look like, for error messages. */
export const secretNameExpected =
  "a secret's name: 1 to 63 of a-z, 0-9, '-', '.' and '_', beginning with a letter or digit";

/** Longest value, in bytes of UTF-8. */
export const longestSecret: number = 64 * 1024;

/** Shortest value, in characters: taking a shorter one out of texts would tear words, and leave it guessable. */
export const shortestSecret = 4;

/** Throws `invalid_input` unless this may be a secret's name. */
export function validateSecretName(name: string): void {
  if (new RegExp(secretNamePattern).test(name)) return;
  throw new ShoalError(
    'invalid_input',
    `expected ${secretNameExpected}, found ${JSON.stringify(name.slice(0, 80))}`,
  );
}

/** Throws `invalid_input` unless this may be a secret's value; the message doesn't repeat it. */
export function validateSecretValue(name: string, value: string): void {
  const refuse = (why: string, hint?: string) =>
    new ShoalError(
      'invalid_input',
      `the value of secret "${name}" ${why}`,
      hint === undefined ? {} : { hint },
    );
  if (value.trim().length < shortestSecret) {
    throw refuse(
      `is shorter than ${shortestSecret} characters, not counting white space around it`,
      'values so short could not be taken out of outputs',
    );
  }
  if (Buffer.byteLength(value) > longestSecret) throw refuse(`is larger than ${longestSecret} bytes`);
  if (value.includes('\0') || /\p{Surrogate}/u.test(value)) {
    throw refuse(
      'is not text',
      'encode binary values, for example as base64, and decode them where they are used',
    );
  }
}
