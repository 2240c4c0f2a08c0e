/** Longest text from the network that goes into one line of a log, in UTF-16 units. */
const MAX_LENGTH = 300;

/** Control and format characters (line breaks, terminal escapes, reversals of direction), and halves of surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** Text from the network as it may be shown to people: on one line, without effect on a terminal, not too long. */
export function printable(text: string): string {
  const shown = text.slice(0, MAX_LENGTH).replace(UNPRINTABLE, escaped);
  return text.length > MAX_LENGTH ? `${shown}…` : shown;
}
